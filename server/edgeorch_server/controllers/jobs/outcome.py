"""Whether a Job has reached its end, and why (``syncJob``).

The end comes in two steps. A condition (``SuccessCriteriaMet`` or ``FailureTarget``) says what it is going
to be, and is never taken back; once all pods have ended and are counted, ``Complete`` or ``Failed`` follows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from edgeorch.api.batch.indexes import read_indexes
from edgeorch.api.batch.job import Job, JobCondition
from edgeorch.api.meta import format_time, parse_time
from edgeorch_server.controllers.jobs.failure_policy import judge
from edgeorch_server.controllers.jobs.job_pods import JobPod
from edgeorch_server.controllers.jobs.tally import Tally

SUCCESS = "SuccessCriteriaMet"
FAILURE = "FailureTarget"
COMPLETE = "Complete"
FAILED = "Failed"
SUSPENDED = "Suspended"

_FINAL = {SUCCESS: COMPLETE, FAILURE: FAILED}


def condition(kind: str, reason: str, message: str, now: dt.datetime, status: str = "True") -> JobCondition:
    """Make a condition that is so from now on."""
    stamp = format_time(now)
    return JobCondition(
        type=kind,
        status=status,
        lastProbeTime=stamp,
        lastTransitionTime=stamp,
        reason=reason,
        message=message,
    )


def final(target: JobCondition, now: dt.datetime) -> JobCondition:
    """Make the condition that a finished Job has for the sake of ``target``."""
    return condition(_FINAL[target.type], target.reason, target.message, now)


def target_of(job: Job, pods: Sequence[JobPod], counted: Tally, now: dt.datetime) -> JobCondition | None:
    """Decide whether the Job is to end although pods may still run."""
    for kind in (SUCCESS, FAILURE):
        if job.has(kind):
            return next(c for c in job.status.conditions if c.type == kind)
    failure = _failure(job, pods, counted, now)
    if failure is not None:
        return condition(FAILURE, *failure, now)
    if job.indexed and (met := _success_policy(job, counted.completed)):
        return condition(SUCCESS, "SuccessPolicy", met, now)
    return None


def completion(job: Job, counted: Tally, active: int, now: dt.datetime) -> JobCondition | None:
    """Decide whether the Job has done all it was to do; without ``completions`` one success is enough."""
    wanted = 1 if job.spec.completions is None else job.spec.completions
    if active or counted.succeeded < wanted:
        return None
    return condition(SUCCESS, "CompletionsReached", "Reached expected number of succeeded pods", now)


def seconds_to_deadline(job: Job, now: dt.datetime) -> float | None:
    """Give how long the Job may still run; None without a deadline, or while it is suspended.

    The condition counts too: a Job that has just been resumed still has its old start.
    """
    limit, start = job.spec.activeDeadlineSeconds, job.status.startTime
    if limit is None or start is None or job.suspended or job.has(SUSPENDED):
        return None
    return limit - (now - parse_time(start)).total_seconds()


def _failure(job: Job, pods: Sequence[JobPod], counted: Tally, now: dt.datetime) -> tuple[str, str] | None:
    for pod in pods:
        if pod.tracked and pod.failed(job) and (found := judge(job, pod)).action == "FailJob":
            return "PodFailurePolicy", found.message
    if counted.failed > (job.spec.backoffLimit or 0) or _restarted_too_often(job, pods):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    left = seconds_to_deadline(job, now)
    if left is not None and left <= 0:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    broken, most = len(counted.broken), job.spec.maxFailedIndexes
    if most is not None and broken > most:
        why = "Job has exceeded the specified maximal number of failed indexes"
        return "MaxFailedIndexesExceeded", why
    if broken and broken + len(counted.completed) >= (job.spec.completions or 0):
        return "FailedIndexes", "Job has failed indexes"
    return None


def _restarted_too_often(job: Job, pods: Sequence[JobPod]) -> bool:
    """With ``OnFailure`` the restarts of containers count as failures (``pastBackoffLimitOnFailure``)."""
    if job.spec.template.spec.restartPolicy != "OnFailure":
        return False
    restarts = sum(pod.restarts for pod in pods if pod.facts.phase in {"Running", "Pending"})
    return restarts >= max(job.spec.backoffLimit or 0, 1)


def _success_policy(job: Job, completed: frozenset[int]) -> str:
    """Say which rule of the success policy is met (``matchSuccessPolicy``)."""
    for number, rule in enumerate(job.spec.successPolicy.rules if job.spec.successPolicy else ()):
        named, wanted = completed, rule.succeededCount
        if rule.succeededIndexes is not None:
            indexes = read_indexes(rule.succeededIndexes, job.spec.completions or 0)
            named = completed & indexes
            wanted = len(indexes) if wanted is None else wanted
        if wanted is not None and len(named) >= wanted:
            return f"Matched rules at index {number}"
    return ""
