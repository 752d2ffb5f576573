"""Which pods a Job makes and which it deletes (``manageJob``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

from edgeorch.api.batch.job import FAILED, Job
from edgeorch_server.controllers.jobs import backoff
from edgeorch_server.controllers.jobs.failure_policy import judge
from edgeorch_server.controllers.jobs.job_pods import JobPod, NewPod
from edgeorch_server.controllers.jobs.tally import Tally, is_valid
from edgeorch_server.controllers.pod_control import BURST
from edgeorch_server.controllers.replica_plan import first_to_go


@dataclass(frozen=True, slots=True)
class Plan:
    """Either some pods are deleted, or some are made, or there is nothing to do for now."""

    create: Sequence[NewPod] = ()
    delete: Sequence[JobPod] = ()
    """Surplus: these do not count as failed."""
    wait: float | None = None
    """Seconds until there is more to do."""


def plan(job: Job, pods: Sequence[JobPod], counted: Tally, now: dt.datetime) -> Plan:
    """Decide the next step of a Job that has not reached its end."""
    active = [pod for pod in pods if pod.facts.active]
    wanted = _wanted(job, counted, len(active))
    if surplus := _surplus(job, active, wanted, now):
        return Plan(delete=surplus[:BURST])
    missing = wanted - len(active)
    if job.spec.podReplacementPolicy == FAILED:
        missing -= sum(pod.terminating for pod in pods)
    if missing <= 0:
        return Plan()
    if job.spec.backoffLimitPerIndex is not None:
        return _create_per_index(job, pods, counted, missing, now)
    if (wait := backoff.remaining(job, pods, now)) > 0:
        return Plan(wait=wait)
    missing = min(missing, BURST)
    if job.indexed:
        return Plan(create=[NewPod(index) for index in islice(_free_indexes(job, pods, counted), missing)])
    return Plan(create=[NewPod() for _ in range(missing)])


def _wanted(job: Job, counted: Tally, active: int) -> int:
    parallelism = job.spec.parallelism or 0
    if job.suspended:
        return 0
    if job.spec.completions is None:
        # After the first success nothing is started any more, and what runs may end.
        return min(active, parallelism) if counted.succeeded else parallelism
    return max(0, min(parallelism, job.spec.completions - counted.succeeded - len(counted.broken)))


def _surplus(job: Job, active: Sequence[JobPod], wanted: int, now: dt.datetime) -> list[JobPod]:
    """Find the pods that are too many: doubled or impossible indexes first, then those that have done least.

    A pod without the finalizer is one whose deletion was begun, by a server that did not get to the end of it.
    """
    going: list[JobPod] = []
    staying: list[JobPod] = []
    seen: set[int | None] = set()
    for pod in sorted(active, key=lambda pod: (not pod.facts.ready, pod.facts.created, pod.uid)):
        doubled = job.indexed and (pod.index in seen or not is_valid(job, pod))
        seen.add(pod.index)
        (going if doubled or not pod.tracked else staying).append(pod)
    more = len(staying) - wanted
    if more > 0:
        by_uid = {pod.uid: pod for pod in staying}
        facts = [pod.facts for pod in staying]
        going += [by_uid[pod.uid] for pod in first_to_go(facts, facts, more, now)]
    return going


def _free_indexes(job: Job, pods: Sequence[JobPod], counted: Tally) -> Iterator[int]:
    """Give the indexes that no pod works on, ascending (``firstPendingIndexes``)."""
    waits = job.spec.podReplacementPolicy == FAILED
    taken = {pod.index for pod in pods if pod.facts.active or (waits and pod.terminating)}
    busy = taken | counted.completed | counted.broken
    limit = job.spec.completions or 0
    for index in count():
        if index >= limit:
            return
        if index not in busy:
            yield index


def _create_per_index(job: Job, pods: Sequence[JobPod], counted: Tally, missing: int, now: dt.datetime) -> Plan:
    """Make pods of indexes each of which has a back-off of its own."""
    create: list[NewPod] = []
    waits: list[float] = []
    for index in _free_indexes(job, pods, counted):
        if len(create) >= min(missing, BURST):
            break
        last = counted.last_failed.get(index)
        if last is None:
            create.append(NewPod(index))
        elif (wait := backoff.remaining_of_index(last, now)) > 0:
            waits.append(wait)
        else:
            create.append(_successor(job, index, last))
    return Plan(create=create, wait=min(waits, default=None))


def _successor(job: Job, index: int, last: JobPod) -> NewPod:
    counts = judge(job, last).counts
    return NewPod(index, last.failures + counts, last.ignored + (not counts))
