"""Pure rules of what keeps so many pods running: which go first, and what is to be said of them."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgeorch.api.meta import parse_time
from edgeorch.api.selectors import Selector
from edgeorch_server.controllers.pod_facts import PodFacts

_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def first_to_go(
    pods: Sequence[PodFacts], related: Iterable[PodFacts], number: int, now: dt.datetime
) -> list[PodFacts]:
    """Choose the pods that go when there are too many (``ActivePodsWithRanks``).

    Kubernetes, ReplicaSet, "Scaling a ReplicaSet": pending ones, then those not ready, then the ones with the
    lower deletion cost, then those on nodes with more of the ``related`` pods, then the ones that have been
    ready, or there, for less time. Ages count on a logarithmic scale, so that of pods made in the same minute
    not always the newest goes.
    """
    if number >= len(pods):
        return list(pods)
    on_node = Counter(pod.node for pod in related if pod.active)

    def rank(pod: PodFacts) -> tuple[object, ...]:
        return (
            bool(pod.node),
            _PHASES.get(pod.phase, 0),
            pod.ready,
            pod.deletion_cost,
            -on_node[pod.node],
            _magnitude(pod.ready_since, now) if pod.ready else 0,
            -pod.restarts,
            _magnitude(pod.created, now),
            pod.uid,
        )

    return sorted(pods, key=rank)[:number]


def _magnitude(since: str, now: dt.datetime) -> int:
    """Give the power of two of an age in seconds; -1 for what is unknown or younger than a second."""
    age = (now - parse_time(since)).total_seconds() if since else 0.0
    return int(math.log2(age)) if age >= 1 else -1


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pods of each sort there are, as the status of a ReplicaSet tells it."""

    replicas: int
    fully_labelled: int
    ready: int
    available: int
    next_available: float | None
    """Seconds until a ready pod becomes available by waiting alone; None when there is none."""


def count(
    pods: Sequence[PodFacts], template_labels: Mapping[str, str], min_ready_seconds: int, now: dt.datetime
) -> Counts:
    """Count the active pods (``calculateStatus``)."""
    template = Selector.from_set(template_labels)
    ready = [pod for pod in pods if pod.ready]
    waits = [
        pod.seconds_until_available(min_ready_seconds, now)
        for pod in ready
        if not pod.available(min_ready_seconds, now)
    ]
    return Counts(
        replicas=len(pods),
        fully_labelled=sum(template.matches(pod.labels) for pod in pods),
        ready=len(ready),
        available=len(ready) - len(waits),
        next_available=min(waits, default=None),
    )
