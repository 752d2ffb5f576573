"""How many pods what they use calls for: Kubernetes' ``replica_calculator.go``, as pure functions.

"Algorithm details" of the HorizontalPodAutoscaler's documentation: the ratio of what is to what should be,
times the pods. Pods of which nothing is known, and such as are not ready yet, are first left aside; if that
would change the number, they are taken for whatever makes the change smaller.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgeorch_server.controllers.autoscaling.pods import Measured, NotMeasurable, ScaledPod

TOLERANCE = 0.1
"""Kubernetes' ``--horizontal-pod-autoscaler-tolerance``."""
CPU_INITIALIZATION = dt.timedelta(minutes=5)
"""``--horizontal-pod-autoscaler-cpu-initialization-period``: starting up takes more than working does."""
INITIAL_READINESS_DELAY = dt.timedelta(seconds=30)
"""``--horizontal-pod-autoscaler-initial-readiness-delay``: who got unready this early never was ready."""

_EVERYTHING = 100

_NO_PODS = "no pods returned by selector while calculating replica count"
_NO_METRICS = "did not receive metrics for targeted pods (pods might be unready)"


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far usage may be off its target, as fractions of it."""

    up: float = TOLERANCE
    down: float = TOLERANCE

    def cover(self, ratio: float) -> bool:
        """Whether a ratio of usage to target is close enough."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


@dataclass(frozen=True, slots=True)
class Average:
    """What the pods use, and how many pods that calls for."""

    replicas: int
    average: int
    """Thousandths, for each pod."""


@dataclass(frozen=True, slots=True)
class Utilization(Average):
    """The same, where what they use is told in per cent of what they request."""

    percent: int


@dataclass(frozen=True, slots=True)
class Groups:
    """Pods by what can be said of their usage (``groupPods``), by name."""

    ready: frozenset[str]
    unready: frozenset[str]
    """Those whose usage says nothing of their work: pending, or starting up."""
    missing: frozenset[str]
    """Those of which nothing was measured."""


def by_utilization(
    current: int,
    target: int,
    resource: str,
    pods: Sequence[ScaledPod],
    measured: Mapping[str, Measured],
    tolerances: Tolerances,
    now: dt.datetime,
    container: str = "",
) -> Utilization:
    """Scale to ``target`` per cent of what pods request (``GetResourceReplicas``); raises NotMeasurable."""
    groups, values = _look(pods, measured, resource, now)
    requests = {pod.name: _request(pod, resource, container) for pod in pods}

    def percent(of: Mapping[str, int]) -> int:
        requested = sum(requests[name] for name in of)
        if requested == 0:
            raise NotMeasurable("no metrics returned matched known pods")
        return sum(of.values()) * 100 // requested

    def missing(name: str) -> int:
        return requests[name] * max(_EVERYTHING, target) // 100

    used = percent(values)
    replicas = _replicas(current, groups, values, lambda of: percent(of) / target, missing, tolerances)
    return Utilization(replicas, _mean(values), used)


def by_average(
    current: int,
    target: int,
    resource: str,
    pods: Sequence[ScaledPod],
    measured: Mapping[str, Measured],
    tolerances: Tolerances,
    now: dt.datetime,
) -> Average:
    """Scale to ``target`` thousandths for each pod (``GetRawResourceReplicas``); raises NotMeasurable."""
    groups, values = _look(pods, measured, resource, now)
    replicas = _replicas(
        current, groups, values, lambda of: _mean(of) / target, lambda _name: target, tolerances
    )
    return Average(replicas, _mean(values))


def group(
    pods: Iterable[ScaledPod], measured: Mapping[str, Measured], resource: str, now: dt.datetime
) -> Groups:
    """Sort the pods; those that have failed or are being deleted count for nothing (``groupPods``)."""
    ready, unready, missing = set(), set(), set()
    for pod in pods:
        if pod.deleted or pod.phase == "Failed":
            continue
        if pod.phase == "Pending":
            unready.add(pod.name)
        elif (found := measured.get(pod.name)) is None:
            missing.add(pod.name)
        elif resource == "cpu" and _starting(pod, found, now):
            unready.add(pod.name)
        else:
            ready.add(pod.name)
    return Groups(frozenset(ready), frozenset(unready), frozenset(missing))


def _starting(pod: ScaledPod, found: Measured, now: dt.datetime) -> bool:
    """Whether the processor time of a pod may be that of its start."""
    if pod.ready is None or pod.ready_since is None or pod.started is None:
        return True
    if pod.started + CPU_INITIALIZATION > now:
        # A whole window must have been measured since it got ready.
        return not pod.ready or found.at < pod.ready_since + found.window
    return not pod.ready and pod.started + INITIAL_READINESS_DELAY > pod.ready_since


def _look(
    pods: Sequence[ScaledPod], measured: Mapping[str, Measured], resource: str, now: dt.datetime
) -> tuple[Groups, dict[str, int]]:
    """Sort the pods, and give what those use of which that means something; raises NotMeasurable."""
    if not pods:
        raise NotMeasurable(_NO_PODS)
    groups = group(pods, measured, resource, now)
    if not groups.ready:
        raise NotMeasurable(_NO_METRICS)
    return groups, {name: measured[name].value for name in sorted(groups.ready)}


def _mean(values: Mapping[str, int]) -> int:
    return sum(values.values()) // len(values)


def _request(pod: ScaledPod, resource: str, container: str) -> int:
    """Add up what a pod requests (``calculatePodRequests``)."""
    total = 0
    for name, requests in pod.requests.items():
        if container in {"", name}:
            if resource not in requests:
                raise NotMeasurable(f"missing request for {resource} in container {name} of Pod {pod.name}")
            total += requests[resource]
    return total


def _replicas(
    current: int,
    groups: Groups,
    values: Mapping[str, int],
    ratio_of: Callable[[Mapping[str, int]], float],
    missing: Callable[[str], int],
    tolerances: Tolerances,
) -> int:
    """Scale by a ratio; ``missing`` says what a pod is taken to use when there might be fewer."""
    ratio = ratio_of(values)
    slow_down = bool(groups.unready) and ratio > 1.0
    if not slow_down and not groups.missing:
        return current if tolerances.cover(ratio) else math.ceil(ratio * len(groups.ready))
    values = dict(values)
    if ratio < 1.0:
        values |= {name: missing(name) for name in groups.missing}
    elif ratio > 1.0:
        values |= dict.fromkeys(groups.missing, 0)
    if slow_down:
        values |= dict.fromkeys(groups.unready, 0)
    careful = ratio_of(values)
    turned = (ratio < 1.0 < careful) or (careful < 1.0 < ratio)
    if tolerances.cover(careful) or turned:
        return current
    replicas = math.ceil(careful * len(values))
    if (careful < 1.0 and replicas > current) or (careful > 1.0 and replicas < current):
        return current
    return replicas
