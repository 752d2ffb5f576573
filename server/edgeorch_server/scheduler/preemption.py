"""Where others go so that a more important pod can come, if it helps (Kubernetes' DefaultPreemption). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Protocol

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Profile, Refusal, Rejected, count_reasons
from edgeorch_server.scheduler.shape import PodInfo
from edgeorch_server.scheduler.trials import Trials
from edgeorch_server.scheduler.victims import NO_VICTIMS, Budget, Victims, cheapest

NOT_HELPFUL = "Preemption is not helpful for scheduling"
NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to terminating pod on the nominated node."

ENOUGH_CANDIDATES = 100
"""Nodes to choose between (``minCandidateNodesAbsolute``; kube-scheduler takes 10 % where that is more)."""


class Budgets(Protocol):
    """Where the disruption budgets are."""

    def all(self) -> Sequence[Budget]:
        """Give all budgets as they are now."""
        ...


class NoBudgets:
    """A cluster without disruption budgets."""

    def all(self) -> Sequence[Budget]:
        """Give none."""
        return ()


@dataclass(frozen=True, slots=True)
class Hopeless:
    """Nothing to gain; ``message`` says why in kube-scheduler's words."""

    message: str
    final: bool = True
    """Not merely until the pods that were preempted for it before have ended."""


class Preemption:
    """Looks for victims; begins at another node each time, so that not always the same ones suffer."""

    def __init__(self, cluster: Cluster, profile: Profile, budgets: Budgets | None = None) -> None:
        self._cluster = cluster
        self._budgets = budgets or NoBudgets()
        self._trials = Trials(cluster, profile)
        self._next = 0

    def find(self, pod: PodInfo, rejected: Rejected) -> Victims | Hopeless:
        """Choose the node where removing pods costs least."""
        if (why := self._not_eligible(pod, rejected)) is not None:
            return why
        hopeful = rejected.tally.resolvable
        reasons: Counter[str] = Counter()
        if others := rejected.nodes - hopeful:
            reasons[NOT_HELPFUL] = others
        lowest = self._cluster.lowest_priority
        if lowest is None or lowest >= pod.shape.priority:
            if hopeful:
                reasons[NO_VICTIMS] = hopeful
            return Hopeless(count_reasons(reasons, rejected.nodes))
        found = self._candidates(pod, rejected.refusals, reasons)
        if not found:
            return Hopeless(count_reasons(reasons, rejected.nodes))
        return self._as_they_are(cheapest(found))

    def _not_eligible(self, pod: PodInfo, rejected: Rejected) -> Hopeless | None:
        """Apply ``PodEligibleToPreemptOthers``."""
        if not pod.shape.preempts:
            return Hopeless(NEVER)
        node = self._cluster.nodes.get(self._cluster.nominated(pod.uid) or "")
        if node is None:
            return None
        refusal = rejected.refusals.get(node.name)
        if refusal is not None and not refusal.resolvable:
            return None
        if any(p.preempted and p.leaving and p.shape.priority < pod.shape.priority for p in node.pods.values()):
            return Hopeless(TERMINATING, final=False)
        return None

    def _candidates(
        self, pod: PodInfo, refusals: Mapping[str, Refusal], reasons: Counter[str]
    ) -> list[Victims]:
        start = self._next % len(refusals) if refusals else 0
        trial = self._trials.of(pod.shape, self._budgets.all())
        found: list[Victims] = []
        nodes = refusals.items()
        for name, refusal in chain(islice(nodes, start, None), islice(nodes, start)):
            self._next += 1
            if not refusal.resolvable:
                continue
            result = trial.outcome(pod, self._cluster.nodes[name])
            if isinstance(result, Refusal):
                reasons.update(result.reasons)
                continue
            found.append(result)
            if len(found) >= ENOUGH_CANDIDATES and any(not victims.violations for victims in found):
                break
        return found

    def _as_they_are(self, victims: Victims) -> Victims:
        """Give victims with what was last heard of them: the choice may be older."""
        pods = self._cluster.nodes[victims.node].pods
        return replace(victims, pods=tuple(pods[one.uid] for one in victims.pods))
