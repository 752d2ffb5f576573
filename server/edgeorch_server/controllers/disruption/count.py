"""How many pods of a budget there are, should be, and may go. Pure (``pkg/controller/disruption``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeorch.api.int_or_string import scaled
from edgeorch.api.meta import parse_time
from edgeorch.api.policy import disruptions
from edgeorch.api.policy.pod_disruption_budget import PodDisruptionBudget, PodDisruptionBudgetStatus
from edgeorch_server.controllers.pod_facts import PodFacts

DELETION_TIMEOUT = dt.timedelta(minutes=2)
"""How long a pod whose eviction was granted counts as gone although nobody has deleted it."""


@dataclass(frozen=True, slots=True)
class Disrupted:
    """The pods whose eviction was granted."""

    waiting: Mapping[str, str]
    """Those that are about to go, by name, with the time it was granted."""
    stayed: Sequence[PodFacts]
    """Those that were not deleted in time."""
    recheck: float | None
    """Seconds until the next of those that wait has had its time."""


def disrupted(status: PodDisruptionBudgetStatus, pods: Sequence[PodFacts], now: dt.datetime) -> Disrupted:
    """Forget the pods that go by now or that have stayed (``buildDisruptedPodMap``)."""
    waiting: dict[str, str] = {}
    stayed: list[PodFacts] = []
    left: list[float] = []
    for pod in sorted(pods, key=lambda pod: pod.name):
        granted = status.disruptedPods.get(pod.name)
        if granted is None or pod.deleted:
            continue
        seconds = (parse_time(granted) + DELETION_TIMEOUT - now).total_seconds()
        # A clock that was set back must not keep a pod out of the count for ever.
        if 0 < seconds <= DELETION_TIMEOUT.total_seconds():
            waiting[pod.name] = granted
            left.append(seconds)
        else:
            stayed.append(pod)
    return Disrupted(waiting, stayed, min(left, default=None))


def needs_scale(budget: PodDisruptionBudget) -> bool:
    """Whether it is the controllers' wish that counts, and not what there is."""
    return budget.spec.maxUnavailable is not None or isinstance(budget.spec.minAvailable, str)


def desired_healthy(budget: PodDisruptionBudget, expected: int) -> int:
    """Give how many of so many pods must be ready (``getExpectedPodCount``)."""
    spec = budget.spec
    if spec.maxUnavailable is not None:
        return max(expected - scaled(spec.maxUnavailable, expected, round_up=True), 0)
    return 0 if spec.minAvailable is None else scaled(spec.minAvailable, expected, round_up=True)


def status_of(
    budget: PodDisruptionBudget,
    pods: Sequence[PodFacts],
    expected: int,
    waiting: Mapping[str, str],
    now: dt.datetime,
) -> PodDisruptionBudgetStatus:
    """Count (``updatePdbStatus``).

    Where no pods are expected nothing is allowed: those that come first must not be evicted before they were
    counted.
    """
    healthy = sum(pod.ready and not pod.deleted and pod.name not in waiting for pod in pods)
    wanted = desired_healthy(budget, expected)
    status = PodDisruptionBudgetStatus(
        observedGeneration=budget.metadata.generation,
        disruptedPods=dict(waiting),
        disruptionsAllowed=max(healthy - wanted, 0) if expected > 0 else 0,
        currentHealthy=healthy,
        desiredHealthy=wanted,
        expectedPods=expected,
        conditions=list(budget.status.conditions),
    )
    disruptions.tell_allowed(status, now)
    return status
