"""How the ends of pods come into a Job's counters, each once, wherever the server is stopped.

A pod bears a finalizer until it is counted, so that nobody can remove it unseen. Counting takes three writes:

1. the status lists the uids of pods that have ended (for an Indexed Job's successes the set of indexes is
   enough: it cannot hold one twice), and says so durably;
2. the finalizers of these pods are taken off;
3. what is listed and has no finalizer any more goes from the lists into the counters.

Between any two of them the server may stop: a listed pod is not listed again, and whether it still has its
finalizer tells whether it was counted. It is Kubernetes' protocol (KEP 2307).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from edgeorch.api.batch.indexes import format_indexes
from edgeorch.api.batch.job import Job, JobStatus, UncountedTerminatedPods
from edgeorch_server.controllers.jobs.failure_policy import judge
from edgeorch_server.controllers.jobs.job_pods import JobPod
from edgeorch_server.controllers.jobs.tally import Tally, is_valid, uncounted

MAX_UNCOUNTED = 500
"""Pods that are listed at a time; keeps the status short."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the first write says, and the pods that are free to go after it."""

    status: JobStatus
    release: Sequence[JobPod]
    whole: bool
    """Nothing had to be left for the next time."""


def tracked(pods: Sequence[JobPod]) -> set[str]:
    """Give the uids of the pods that have their finalizer."""
    return {pod.uid for pod in pods if pod.tracked}


def fold(status: JobStatus, still_tracked: Collection[str], *, indexed: bool) -> JobStatus:
    """Move what is listed and free into the counters."""
    lists = status.uncountedTerminatedPods
    if lists is None:
        return status
    succeeded = [uid for uid in lists.succeeded if uid in still_tracked]
    failed = [uid for uid in lists.failed if uid in still_tracked]
    left = UncountedTerminatedPods(succeeded=succeeded, failed=failed) if succeeded or failed else None
    counted = 0 if indexed else len(lists.succeeded) - len(succeeded)
    return status.model_copy(
        update={
            "succeeded": status.succeeded + counted,
            "failed": status.failed + len(lists.failed) - len(failed),
            "uncountedTerminatedPods": left,
        }
    )


def enter(job: Job, pods: Sequence[JobPod], counted: Tally, target: str) -> Ledger:
    """List what has ended; ``target`` is the condition that the Job is about to end with, if any.

    Then all pods are free to go: when it fails, those that still run count as failed, and when it has
    succeeded they count for nothing.
    """
    lists = uncounted(job)
    succeeded, failed = list(lists.succeeded), list(lists.failed)
    completed = set[int]()
    release: list[JobPod] = []
    whole = True
    held = {pod.uid for pod in counted.last_failed.values()} if not target else set[str]()
    for pod in sorted(pods, key=lambda pod: (pod.index or 0, pod.uid)):
        if not pod.tracked:
            continue
        if pod.uid in held or not (target or pod.succeeded or pod.failed(job)):
            continue
        if len(succeeded) + len(failed) + len(completed) >= MAX_UNCOUNTED:
            whole = False
            break
        release.append(pod)
        if not is_valid(job, pod) or pod.uid in succeeded or pod.uid in failed:
            continue
        if pod.succeeded and pod.index is not None and job.indexed:
            completed.add(pod.index)
        elif pod.succeeded:
            succeeded.append(pod.uid)
        elif _counts(job, pod, target):
            failed.append(pod.uid)
    status = job.status.model_copy(
        update={
            "uncountedTerminatedPods": UncountedTerminatedPods(succeeded=succeeded, failed=failed)
            if succeeded or failed
            else None
        }
    )
    if job.indexed:
        # What did not fit in this time keeps its finalizer, and is told by its pod.
        status.completedIndexes = format_indexes(counted.completed)
        status.succeeded = len(counted.completed)
        if job.spec.backoffLimitPerIndex is not None:
            status.failedIndexes = format_indexes(counted.broken)
    return Ledger(status, release, whole)


def _counts(job: Job, pod: JobPod, target: str) -> bool:
    if pod.facts.phase != "Failed" and target:
        return target == "FailureTarget"
    return judge(job, pod).counts
