"""Validation of the status of Jobs: whoever manages one must not tell what cannot be."""

from __future__ import annotations

from edgeorch.api.batch.indexes import parse_indexes
from edgeorch.api.batch.job import Job
from edgeorch.api.meta import parse_time
from edgeorch.api.meta_validation import NEGATIVE, validate_meta_update
from edgeorch.api.validation import FieldError, Path, bad, duplicate, required

STATUS = Path("status")

_CONDITIONS = STATUS.child("conditions")
_EXCLUSIVE = (
    ("Complete", "Failed", "cannot set Complete=True and Failed=true conditions"),
    ("Complete", "FailureTarget", "cannot set Complete=True and FailureTarget=true conditions"),
    ("SuccessCriteriaMet", "Failed", "cannot set SuccessCriteriaMet=True and Failed=true conditions"),
    (
        "SuccessCriteriaMet",
        "FailureTarget",
        "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions",
    ),
)
_FINAL = ("Failed", "Complete", "FailureTarget", "SuccessCriteriaMet")


def validate_job_status_update(new: Job, old: Job) -> list[FieldError]:
    """Check a changed status (``ValidateJobUpdateStatus``)."""
    return [
        *validate_meta_update(new.metadata, old.metadata),
        *_validate_counts(new),
        *_validate_conditions(new),
        *_validate_end(new),
        *_validate_indexes(new),
        *_validate_change(new, old),
    ]


def _validate_counts(job: Job) -> list[FieldError]:
    status = job.status
    errors = [
        bad(STATUS.child(name), value, NEGATIVE)
        for name in ("active", "succeeded", "failed", "ready", "terminating")
        if (value := getattr(status, name)) is not None and value < 0
    ]
    if status.ready is not None and status.ready > status.active:
        errors.append(bad(STATUS.child("ready"), status.ready, "cannot set more ready pods than active"))
    uncounted = status.uncountedTerminatedPods
    if uncounted is None:
        return errors
    seen: set[str] = set()
    for name in ("succeeded", "failed"):
        path = STATUS.child("uncountedTerminatedPods", name)
        for number, uid in enumerate(getattr(uncounted, name)):
            if not uid:
                errors.append(bad(path.at(number), uid, "must not be empty"))
            elif uid in seen:
                errors.append(duplicate(path.at(number), uid))
            seen.add(uid)
    return errors


def _validate_conditions(job: Job) -> list[FieldError]:
    errors = [bad(_CONDITIONS, None, why) for one, other, why in _EXCLUSIVE if job.has(one) and job.has(other)]
    if job.has("Failed") and not job.has("FailureTarget"):
        why = "cannot set Failed=True condition without the FailureTarget=true condition"
        errors.append(bad(_CONDITIONS, None, why))
    if job.has("Complete") and not job.has("SuccessCriteriaMet"):
        why = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        errors.append(bad(_CONDITIONS, None, why))
    return errors


def _validate_end(job: Job) -> list[FieldError]:
    status, errors = job.status, list[FieldError]()
    path = STATUS.child("completionTime")
    if status.completionTime and not job.has("Complete"):
        why = "cannot set completionTime when there is no Complete=True condition"
        errors.append(bad(path, status.completionTime, why))
    if job.has("Complete") and not status.completionTime:
        errors.append(required(path, "completionTime is required for Complete jobs"))
    if (
        status.startTime
        and status.completionTime
        and parse_time(status.completionTime) < parse_time(status.startTime)
    ):
        errors.append(bad(path, status.completionTime, "completionTime cannot be set before startTime"))
    if not job.finished:
        return errors
    if status.startTime is None:
        errors.append(required(STATUS.child("startTime"), "startTime is required for finished job"))
    for name in ("active", "terminating"):
        if value := getattr(status, name):
            errors.append(bad(STATUS.child(name), value, f"{name}>0 is invalid for finished job"))
    uncounted = status.uncountedTerminatedPods
    if uncounted is not None and (uncounted.succeeded or uncounted.failed):
        why = "uncountedTerminatedPods needs to be empty for finished job"
        errors.append(bad(STATUS.child("uncountedTerminatedPods"), uncounted, why))
    return errors


def _validate_indexes(job: Job) -> list[FieldError]:
    status, limit = job.status, job.spec.completions
    errors: list[FieldError] = []
    if status.completedIndexes and not job.indexed:
        why = "cannot set non-empty completedIndexes when non-indexed completion mode"
        errors.append(bad(STATUS.child("completedIndexes"), status.completedIndexes, why))
    if status.failedIndexes is not None and job.spec.backoffLimitPerIndex is None:
        why = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        errors.append(bad(STATUS.child("failedIndexes"), status.failedIndexes, why))
    if errors or limit is None:
        return errors
    for name in ("completedIndexes", "failedIndexes"):
        text = getattr(status, name)
        try:
            parse_indexes(text or "", limit)
        except ValueError as exc:
            errors.append(bad(STATUS.child(name), text, f"error parsing {name}: {exc}"))
    return errors


def _validate_change(new: Job, old: Job) -> list[FieldError]:
    errors = [
        bad(_CONDITIONS, None, f"cannot disable the terminal {kind}=True condition")
        for kind in _FINAL
        if old.has(kind) and not new.has(kind)
    ]
    names = ("failed",) if new.indexed else ("failed", "succeeded")
    errors += [
        bad(STATUS.child(name), value, f"cannot decrease the {name} counter")
        for name in names
        if (value := getattr(new.status, name)) < getattr(old.status, name)
    ]
    before = old.status.completionTime
    if before and new.status.completionTime and new.status.completionTime != before:
        path = STATUS.child("completionTime")
        errors.append(bad(path, new.status.completionTime, "completionTime cannot be mutated"))
    started = old.status.startTime
    if started is not None and new.status.startTime != started and not new.suspended:
        # A Job that is resumed starts anew; its controller says so together with the condition.
        resumed = old.has("Suspended") and not new.has("Suspended")
        if not resumed:
            why = "startTime cannot be removed for unsuspended job"
            errors.append(required(STATUS.child("startTime"), why))
    return errors
