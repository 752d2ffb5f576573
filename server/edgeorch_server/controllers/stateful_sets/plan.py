"""Pure: which pods of a StatefulSet come and which go (``stateful_set_control.go``).

There is never a second pod of a number: the new one has the name of the old, so that it can only come when the
old one is gone from the API. Of a board that cannot be reached nobody knows whether the pod still runs there;
only its agent, or a person with ``kubectl delete --force``, can say that it does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edgeorch.api.apps.deployment import ROLLING_UPDATE
from edgeorch.api.apps.stateful_set import PARALLEL, StatefulSetSpec
from edgeorch.api.int_or_string import scaled
from edgeorch_server.controllers.pod_control import BURST
from edgeorch_server.controllers.pod_facts import ENDED, PodFacts

REVISION_LABEL = "controller-revision-hash"
"""Label of a pod: the name of the ControllerRevision it was made from."""


def revision_of(pod: PodFacts) -> str:
    """Give the name of the revision that a pod was made from; empty for one that somebody else made."""
    return pod.labels.get(REVISION_LABEL, "")


@dataclass(frozen=True, slots=True)
class Aim:
    """What a StatefulSet wants of its pods."""

    first: int
    """Number of the first pod."""
    replicas: int
    current: str
    """Name of the revision that pods below the partition are made from."""
    update: str
    """Name of the revision that all others are made from."""
    min_ready_seconds: int
    now: dt.datetime
    parallel: bool = False
    """Pods need not wait for each other."""
    rolling: bool = True
    """Pods of other revisions are replaced, not only when somebody deletes them."""
    partition: int = 0
    """How many pods, from the first on, stay at ``current``."""
    unavailable: int = 1
    """How many pods may be unavailable while pods are replaced."""

    @classmethod
    def of(cls, spec: StatefulSetSpec, current: str, update: str, now: dt.datetime) -> Aim:
        """Read a spec; percentages are of the pods wanted."""
        replicas = spec.replicas if spec.replicas is not None else 1
        rolling = spec.updateStrategy.rollingUpdate
        limit = rolling.maxUnavailable if rolling and rolling.maxUnavailable is not None else 1
        return cls(
            first=spec.ordinals.start if spec.ordinals else 0,
            replicas=replicas,
            current=current,
            update=update,
            min_ready_seconds=spec.minReadySeconds,
            now=now,
            parallel=spec.podManagementPolicy == PARALLEL,
            rolling=spec.updateStrategy.type == ROLLING_UPDATE,
            partition=(rolling.partition or 0) if rolling else 0,
            unavailable=max(1, scaled(limit, replicas, round_up=True)),
        )

    @property
    def numbers(self) -> range:
        """The numbers of the pods that are wanted."""
        return range(self.first, self.first + self.replicas)

    def revision_for(self, number: int) -> str:
        """Say which revision a new pod is made from (``newVersionedStatefulSetPod``)."""
        return self.current if self.rolling and number < self.first + self.partition else self.update

    def is_ready(self, pod: PodFacts) -> bool:
        """Whether a pod runs and is ready (``isRunningAndReady``)."""
        return pod.phase == "Running" and pod.ready

    def is_available(self, pod: PodFacts) -> bool:
        """Whether a pod has been ready for long enough."""
        return self.is_ready(pod) and pod.available(self.min_ready_seconds, self.now)

    def serves(self, pod: PodFacts) -> bool:
        """Whether a pod is available and stays: others need not wait for it (``!isUnavailable``)."""
        return self.is_available(pod) and not pod.deleted


@dataclass(slots=True)
class Changes:
    """What should be done now; what comes after it is seen when it has been done."""

    create: list[int] = field(default_factory=list)
    """Numbers of pods to make."""
    delete: list[PodFacts] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.create or self.delete)


def plan(pods: Mapping[int, PodFacts], aim: Aim, blocked: Collection[int] = ()) -> Changes:
    """Decide the next step for pods by their numbers; ``blocked`` are numbers that cannot have a pod yet.

    First all that are wanted, then those that are too many, then those of an old revision. Ordered, one step
    is taken at a time, and only when all is well with those before it.
    """
    changes = Changes()
    if not _complete(pods, aim, blocked, changes):
        return changes
    surplus = [pods[number] for number in sorted(pods, reverse=True) if number not in aim.numbers]
    if surplus and not aim.parallel:
        changes.delete += _last_of(surplus, aim)
        return changes
    changes.delete += [pod for pod in surplus if not pod.deleted][:BURST]
    if aim.rolling:
        _replace(pods, aim, changes)
    return changes


def _complete(pods: Mapping[int, PodFacts], aim: Aim, blocked: Collection[int], changes: Changes) -> bool:
    """Make what is missing, in order; gives whether to go on (``processReplica``)."""
    for number in aim.numbers:
        pod = pods.get(number)
        if pod is not None and aim.serves(pod):
            continue
        if pod is None and number not in blocked:
            changes.create.append(number)
        elif pod is not None and pod.phase in ENDED and not pod.deleted:
            # Its restart policy would have it run for ever, so it is made anew, once it is gone.
            changes.delete.append(pod)
        if not aim.parallel:
            return False
        if len(changes.create) >= BURST:
            break
    return True


def _last_of(surplus: Sequence[PodFacts], aim: Aim) -> list[PodFacts]:
    """Choose the pod that goes next of those that are too many, the last first (``processCondemned``).

    One that is ill goes only when all before it are well. One that has ended will not get well: neither does
    it wait nor is it waited for, as Kubernetes does in vain.
    """
    last = surplus[0]
    ill = [pod for pod in surplus if not aim.serves(pod) and pod.phase not in ENDED]
    may_go = aim.is_available(last) or last.phase in ENDED or last is ill[-1]
    return [last] if may_go and not last.deleted else []


def _replace(pods: Mapping[int, PodFacts], aim: Aim, changes: Changes) -> None:
    """Delete pods of other revisions, from the last on, as many as may be unavailable.

    A pod that is not available already can go at no cost: nothing else would heal a broken revision.
    """
    wanted = {number: pod for number, pod in pods.items() if number in aim.numbers}
    room = aim.unavailable - (aim.replicas - sum(map(aim.serves, wanted.values())))
    for number in sorted(wanted, reverse=True):
        pod = wanted[number]
        if number < aim.first + aim.partition:
            return
        if pod.deleted or revision_of(pod) == aim.update or pod in changes.delete:
            continue
        if aim.serves(pod):
            if room <= 0:
                continue
            room -= 1
        changes.delete.append(pod)


@dataclass(frozen=True, slots=True)
class Counts:
    """The pods, as the status tells of them."""

    replicas: int
    ready: int
    available: int
    current: int
    updated: int
    next_available: float | None = None
    """Seconds until a ready pod becomes available by waiting alone; None when there is none."""

    def is_complete(self, aim: Aim) -> bool:
        """Whether a rollout has come to its end (``completeRollingUpdate``)."""
        return aim.rolling and self.updated == self.ready == self.replicas == aim.replicas


def count(pods: Iterable[PodFacts], aim: Aim) -> Counts:
    """Count pods, also those that are too many (``computeReplicaStatus``)."""
    there = list(pods)
    ready = [pod for pod in there if aim.is_ready(pod)]
    staying = [revision_of(pod) for pod in there if not pod.deleted]
    waits = [
        pod.seconds_until_available(aim.min_ready_seconds, aim.now)
        for pod in ready
        if not aim.is_available(pod)
    ]
    return Counts(
        replicas=len(there),
        ready=len(ready),
        available=len(ready) - len(waits),
        current=staying.count(aim.current),
        updated=staying.count(aim.update),
        next_available=min(waits, default=None),
    )
