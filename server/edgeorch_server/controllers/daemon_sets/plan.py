"""Pure: which nodes get a pod of a DaemonSet, and which pods go (``daemon_controller.go``, ``update.go``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from edgeorch.api.apps.daemon_set import DaemonSetSpec
from edgeorch.api.apps.deployment import ROLLING_UPDATE
from edgeorch.api.int_or_string import scaled
from edgeorch_server.controllers.pod_facts import PodFacts

HASH_LABEL = "controller-revision-hash"
"""Label of a pod: the template it was made from."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node as a DaemonSet sees it."""

    node: str
    wanted: bool
    """There should be a pod."""
    tolerated: bool
    """A pod that is there may stay."""
    pods: Sequence[PodFacts] = ()
    """The DaemonSet's pods there, or on their way there, oldest first; also those that are ending."""
    away: bool = False
    """Nobody hears of the node, or it says itself that it is not ready."""

    @property
    def staying(self) -> list[PodFacts]:
        """Pods that nobody has asked to go."""
        return [pod for pod in self.pods if not pod.deleted]


@dataclass(frozen=True, slots=True)
class Aim:
    """What the DaemonSet wants of the pods on its nodes."""

    digest: str
    """Value of the hash label of the present template."""
    min_ready_seconds: int
    now: dt.datetime
    surge: int = 0
    """Nodes that may have a second pod while pods are replaced."""
    unavailable: int = 0
    """Nodes whose pod may be unavailable meanwhile."""

    @classmethod
    def of(cls, spec: DaemonSetSpec, digest: str, places: Sequence[Place], now: dt.datetime) -> Aim:
        """Resolve percentages of the nodes that are wanted (``updatedDesiredNodeCounts``)."""
        rolling = spec.updateStrategy.rollingUpdate
        if spec.updateStrategy.type != ROLLING_UPDATE or rolling is None:
            return cls(digest, spec.minReadySeconds, now)
        wanted = sum(place.wanted for place in places)
        surge = scaled(rolling.maxSurge or 0, wanted, round_up=True)
        unavailable = scaled(rolling.maxUnavailable or 0, wanted, round_up=True)
        return cls(digest, spec.minReadySeconds, now, surge, unavailable if surge or unavailable else 1)

    def is_new(self, pod: PodFacts) -> bool:
        """Whether a pod is of the present template."""
        return pod.labels.get(HASH_LABEL) == self.digest

    def is_available(self, pod: PodFacts) -> bool:
        """Whether a pod has been ready for long enough."""
        return pod.available(self.min_ready_seconds, self.now)


@dataclass(slots=True)
class Changes:
    """What should be done."""

    create: list[str] = field(default_factory=list)
    """Nodes to make a pod for."""
    delete: list[PodFacts] = field(default_factory=list)
    ended: list[PodFacts] = field(default_factory=list)
    """Pods that have ended by themselves: they are deleted, and replaced once they are gone."""

    def __bool__(self) -> bool:
        return bool(self.create or self.delete or self.ended)


def manage(places: Sequence[Place], aim: Aim) -> Changes:
    """Bring a pod to every node that should have one, and take all others away (``podsShouldBeOnNode``)."""
    changes = Changes()
    for place in places:
        if place.wanted and not place.pods:
            changes.create.append(place.node)
        elif not place.tolerated:
            changes.delete += place.staying
        else:
            alive = [pod for pod in place.staying if pod.phase not in {"Failed", "Succeeded"}]
            changes.ended += [pod for pod in place.staying if pod.phase in {"Failed", "Succeeded"}]
            changes.delete += _surplus(alive, aim)
    return changes


def _surplus(alive: Sequence[PodFacts], aim: Aim) -> list[PodFacts]:
    """Choose what is too much on one node: one pod is enough, or with surge one old and one new.

    Kubernetes keeps the oldest, also where only another one is ready.
    """
    if not aim.surge:
        return _but_the_best(alive)
    new = [pod for pod in alive if aim.is_new(pod)]
    old = [pod for pod in alive if not aim.is_new(pod)]
    surplus = [*_but_the_best(new), *_but_the_best(old)]
    kept_new, kept_old = _best(new), _best(old)
    if kept_new and kept_old and (not kept_old.ready or aim.is_available(kept_new)):
        surplus.append(kept_old)
    return surplus


def _best(pods: Sequence[PodFacts]) -> PodFacts | None:
    """Give the oldest that is ready, or else the oldest."""
    return min(pods, key=lambda pod: not pod.ready, default=None)


def _but_the_best(pods: Sequence[PodFacts]) -> list[PodFacts]:
    best = _best(pods)
    return [pod for pod in pods if pod is not best]


def replace(places: Sequence[Place], aim: Aim) -> Changes:
    """Take the next step of a rolling update (``rollingUpdate``)."""
    return _with_surge(places, aim) if aim.surge else _in_place(places, aim)


def _in_place(places: Sequence[Place], aim: Aim) -> Changes:
    """Delete old pods, as many as may be unavailable; their nodes then get new ones."""
    unavailable, broken, candidates = 0, [], []
    for place in places:
        if not place.pods:
            unavailable += place.wanted
            continue
        pods = place.staying
        if len(pods) != 1:
            # Between an end and a beginning.
            unavailable += 1
        elif aim.is_new(pods[0]):
            unavailable += not aim.is_available(pods[0])
        elif aim.is_available(pods[0]):
            candidates.append(pods[0])
        else:
            # It must be replaced anyway, and stands in for nothing.
            broken.append(pods[0])
            unavailable += 1
    return Changes(delete=[*broken, *candidates[: max(0, aim.unavailable - unavailable)]])


def _with_surge(places: Sequence[Place], aim: Aim) -> Changes:
    """Make new pods beside old ones, on as many nodes as allowed; available ones let the old ones go."""
    changes, surging, candidates = Changes(), 0, []
    for place in places:
        new = [pod for pod in place.staying if aim.is_new(pod)]
        old = [pod for pod in place.staying if not aim.is_new(pod)]
        if new and old:
            if aim.is_available(new[0]):
                changes.delete.append(old[0])
            else:
                surging += 1
        elif old and place.wanted:
            if aim.is_available(old[0]):
                candidates.append(place.node)
            else:
                changes.create.append(place.node)
    changes.create += candidates[: max(0, aim.surge - surging)]
    return changes


@dataclass(frozen=True, slots=True)
class Counts:
    """On how many nodes things are as they should be, as the status tells it."""

    desired: int = 0
    current: int = 0
    misscheduled: int = 0
    ready: int = 0
    available: int = 0
    updated: int = 0
    next_available: float | None = None
    """Seconds until a ready pod becomes available by waiting alone; None when there is none."""


def count(places: Sequence[Place], aim: Aim) -> Counts:
    """Count nodes (``updateDaemonSetStatus``); the oldest pod speaks for its node."""
    wanted = [place for place in places if place.wanted]
    pods = [place.pods[0] for place in wanted if place.pods]
    ready = [pod for pod in pods if pod.ready]
    waits = [
        pod.seconds_until_available(aim.min_ready_seconds, aim.now)
        for pod in ready
        if not aim.is_available(pod)
    ]
    return Counts(
        desired=len(wanted),
        current=len(pods),
        misscheduled=sum(bool(place.pods) for place in places if not place.wanted),
        ready=len(ready),
        available=len(ready) - len(waits),
        updated=sum(aim.is_new(pod) for pod in pods),
        next_available=min(waits, default=None),
    )
