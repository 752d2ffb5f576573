"""How many pods of a Job have ended in which way, counted or not yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edgeorch.api.batch.indexes import read_indexes
from edgeorch.api.batch.job import Job, UncountedTerminatedPods
from edgeorch_server.controllers.jobs.failure_policy import judge
from edgeorch_server.controllers.jobs.job_pods import JobPod


@dataclass(frozen=True, slots=True)
class Tally:
    """The counters as they will be once all that has ended is counted."""

    succeeded: int
    failed: int
    completed: frozenset[int]
    """Indexes that have succeeded."""
    broken: frozenset[int]
    """Indexes that have failed for good."""
    last_failed: Mapping[int, JobPod]
    """With ``backoffLimitPerIndex``: the newest failed pod of each index that may be tried again. Its
    annotations say how often the index has failed, so it must stay until it has a successor."""


def uncounted(job: Job) -> UncountedTerminatedPods:
    """Give the pods that are on their way into the counters."""
    return job.status.uncountedTerminatedPods or UncountedTerminatedPods()


def is_valid(job: Job, pod: JobPod) -> bool:
    """Whether a pod has, in an Indexed Job, an index that there is."""
    return not job.indexed or (pod.index is not None and pod.index < (job.spec.completions or 0))


def new_ends(job: Job, pods: Sequence[JobPod]) -> Iterator[JobPod]:
    """Give the pods whose end no counter and no list of the status knows."""
    lists = uncounted(job)
    known = {*lists.succeeded, *lists.failed}
    return (pod for pod in pods if pod.tracked and pod.uid not in known and is_valid(job, pod))


def tally(job: Job, pods: Sequence[JobPod]) -> Tally:
    """Count."""
    lists, status = uncounted(job), job.status
    fresh = list(new_ends(job, pods))
    failed = sum(pod.failed(job) and judge(job, pod).counts for pod in fresh)
    succeeded = status.succeeded + len(lists.succeeded) + sum(pod.succeeded for pod in fresh)
    completed: frozenset[int] = frozenset()
    if job.indexed:
        completed = read_indexes(status.completedIndexes, job.spec.completions or 0)
        completed |= {pod.index for pod in fresh if pod.succeeded and pod.index is not None}
        succeeded = len(completed)
    broken, last_failed = _failed_indexes(job, pods, completed)
    return Tally(succeeded, status.failed + len(lists.failed) + failed, completed, broken, last_failed)


def _failed_indexes(
    job: Job, pods: Sequence[JobPod], completed: frozenset[int]
) -> tuple[frozenset[int], dict[int, JobPod]]:
    limit = job.spec.backoffLimitPerIndex
    if limit is None:
        return frozenset(), {}
    broken = set(read_indexes(job.status.failedIndexes or "", job.spec.completions or 0))
    last: dict[int, JobPod] = {}
    for pod in pods:
        if pod.index is None or not is_valid(job, pod) or pod.index in completed:
            continue
        newest = last.get(pod.index)
        if newest is None or _tries(pod) > _tries(newest):
            last[pod.index] = pod
        # A pod without the finalizer has been judged before; its index is in the status if it broke it.
        if pod.tracked and pod.failed(job):
            action = judge(job, pod).action
            if action == "FailIndex" or (action != "Ignore" and pod.failures >= limit):
                broken.add(pod.index)
    waiting = {index: pod for index, pod in last.items() if pod.failed(job) and index not in broken}
    return frozenset(broken), waiting


def _tries(pod: JobPod) -> int:
    return pod.failures + pod.ignored
