"""Which pods would have to leave a node, and where that costs least (Kubernetes' DefaultPreemption). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgeorch.api.selectors import Selector
from edgeorch_server.scheduler.framework import Refusal
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.prepared import Prepared
from edgeorch_server.scheduler.shape import PodInfo

NO_VICTIMS = "No preemption victims found for incoming pod"

_NOT_STARTED = "~"
"""Sorts after every time stamp."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A PodDisruptionBudget, as far as it matters here."""

    namespace: str
    selector: Selector
    allowed: int
    """``status.disruptionsAllowed``."""
    disrupted: frozenset[str] = frozenset()
    """Names in ``status.disruptedPods``: those are accounted for."""

    def protects(self, pod: PodInfo) -> bool:
        """Tell whether removing a pod is charged to this budget; an empty selector protects nothing here."""
        return (
            self.namespace == pod.namespace
            and not self.selector.empty
            and self.selector.matches(pod.shape.labels)
            and pod.name not in self.disrupted
        )


@dataclass(frozen=True, slots=True)
class Victims:
    """The pods to remove from a node, most important first."""

    node: str
    pods: tuple[PodInfo, ...]
    violations: int = 0
    """How many of them a budget would have kept."""


def victims_on(
    prepared: Prepared, pod: PodInfo, node: NodeInfo, budgets: Sequence[Budget]
) -> Victims | Refusal:
    """Choose the fewest, least important pods that must leave a node (``SelectVictimsOnNode``).

    All less important pods go first; then one after the other is let back in, those whose budgets would be
    violated before the others, and the more important before the less important.
    """
    lower = sorted(
        (p for p in node.pods.values() if p.shape.priority < pod.shape.priority), key=_less_important
    )
    if not lower:
        return Refusal("DefaultPreemption", (NO_VICTIMS,), resolvable=False)
    trial = node.without(lower)
    trial.nominated.pop(pod.uid, None)
    for one in lower:
        prepared.moved(one, trial, -1)
    try:
        refusal = prepared.refusal(trial)
        if refusal is not None:
            return refusal
        protected = _protected(lower, budgets)
        victims: list[PodInfo] = []
        for one in sorted(lower, key=lambda p: p.uid not in protected):
            trial.add(one)
            prepared.moved(one, trial, 1)
            if prepared.refusal(trial) is not None:
                trial.remove(one.uid)
                prepared.moved(one, trial, -1)
                victims.append(one)
        return Victims(
            node.name,
            tuple(sorted(victims, key=_less_important)),
            violations=sum(one.uid in protected for one in victims),
        )
    finally:
        for one in lower:
            if one.uid not in trial.pods:
                prepared.moved(one, trial, 1)


def cheapest(found: Sequence[Victims]) -> Victims:
    """Choose between nodes (``pickOneNodeForPreemption``).

    In this order: fewest violated budgets, least important highest victim, smallest sum of priorities, fewest
    victims; then the one whose most important victims have run for the shortest time.
    """

    def cost(victims: Victims) -> tuple[int, int, int, int]:
        priorities = [one.shape.priority for one in victims.pods]
        # Every victim weighs something, also one with a negative priority.
        total = sum(priority + 2**31 for priority in priorities)
        return victims.violations, max(priorities, default=-(2**31)), total, len(priorities)

    costs = [cost(victims) for victims in found]
    least = min(costs)
    return max((victims for victims, its in zip(found, costs, strict=True) if its == least), key=_running_since)


def _running_since(victims: Victims) -> str:
    if not victims.pods:
        return _NOT_STARTED
    highest = victims.pods[0].shape.priority
    return min(one.started or _NOT_STARTED for one in victims.pods if one.shape.priority == highest)


def _less_important(pod: PodInfo) -> tuple[int, str, str]:
    """Sort the more important first (``MoreImportantPod``): by priority, then the one that has run longer."""
    return -pod.shape.priority, pod.started or _NOT_STARTED, pod.uid


def _protected(pods: Iterable[PodInfo], budgets: Sequence[Budget]) -> frozenset[str]:
    """Give those whose removal, one after the other, would violate a budget."""
    left = [budget.allowed for budget in budgets]
    found = set()
    for pod in pods:
        for number, budget in enumerate(budgets):
            if budget.protects(pod):
                left[number] -= 1
                if left[number] < 0:
                    found.add(pod.uid)
    return frozenset(found)
