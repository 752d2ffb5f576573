"""Validation of CronJobs."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edgeorch.api.batch.cron_job import CONCURRENCY_POLICIES, CronJob, CronJobSpec, JobTemplateSpec
from edgeorch.api.batch.defaults import default_job_spec
from edgeorch.api.batch.schedule import parse_schedule
from edgeorch.api.batch.validation.jobs import validate_job_spec
from edgeorch.api.meta_validation import NEGATIVE, validate_enum, validate_meta, validate_meta_update
from edgeorch.api.validation import FieldError, Path, bad, not_supported, required

_SPEC = Path("spec")

MAX_NAME = 52
"""Of a Job's 63 characters, without the eleven that tell which of a CronJob's Jobs it is."""

_ZONE_PART = re.compile(r"(?!-)(?!\.{1,2}$)[A-Za-z._0-9+-]{1,14}", re.ASCII)
_COUNTS = ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")


def validate_cron_job(obj: CronJob) -> list[FieldError]:
    """Check a new CronJob (``ValidateCronJobCreate``)."""
    errors = validate_meta(obj.metadata, namespaced=True) + _validate_spec(obj.spec, None)
    if len(obj.metadata.name) > MAX_NAME:
        why = f"must be no more than {MAX_NAME} characters"
        errors.append(bad("metadata.name", obj.metadata.name, why))
    return errors


def validate_cron_job_update(new: CronJob, old: CronJob) -> list[FieldError]:
    """Check a changed CronJob (``ValidateCronJobUpdate``)."""
    return validate_meta_update(new.metadata, old.metadata) + _validate_spec(new.spec, old.spec)


def validate_cron_job_status_update(new: CronJob, old: CronJob) -> list[FieldError]:
    """Check a changed status: nothing is said of it."""
    return validate_meta_update(new.metadata, old.metadata)


def _validate_spec(spec: CronJobSpec, old: CronJobSpec | None) -> list[FieldError]:
    path = _SPEC.child("schedule")
    errors = _validate_schedule(spec.schedule, path) if spec.schedule else [required(path)]
    errors += _validate_not_negative(spec, "startingDeadlineSeconds")
    if old is None or old.timeZone != spec.timeZone:
        errors += _validate_zone(spec.timeZone, _SPEC.child("timeZone"))
    errors += validate_enum(spec.concurrencyPolicy, _SPEC.child("concurrencyPolicy"), CONCURRENCY_POLICIES)
    errors += _validate_template(spec.jobTemplate, _SPEC.child("jobTemplate", "spec"))
    return errors + _validate_not_negative(spec, *_COUNTS)


def _validate_not_negative(spec: CronJobSpec, *names: str) -> list[FieldError]:
    return [
        bad(_SPEC.child(name), value, NEGATIVE)
        for name in names
        if (value := getattr(spec, name)) is not None and value < 0
    ]


def _validate_schedule(text: str, path: Path) -> list[FieldError]:
    if "TZ" in text:
        # Kubernetes' parser would understand it, which is why it has a sentence of its own for it.
        why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        return [bad(path, text, why)]
    try:
        parse_schedule(text)
    except ValueError as exc:
        return [bad(path, text, str(exc))]
    return []


def _validate_zone(name: str | None, path: Path) -> list[FieldError]:
    if name is None:
        return []
    if not name:
        return [bad(path, name, "timeZone must be nil or non-empty string")]
    unknown = bad(path, name, f"unknown time zone {name}")
    if not all(_ZONE_PART.fullmatch(part) for part in name.split("/")):
        return [unknown]
    if name.lower() == "local":
        why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        return [bad(path, name, why)]
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return [unknown]
    return []


def _validate_template(template: JobTemplateSpec, path: Path) -> list[FieldError]:
    """Check what Jobs are made from, with the defaults that they are going to have."""
    spec = template.spec.model_copy(deep=True)
    default_job_spec(spec)
    errors = validate_job_spec(spec, path)
    if spec.selector is not None:
        errors.append(bad(path.child("selector"), spec.selector, "`selector` will be auto-generated"))
    if spec.manualSelector:
        errors.append(not_supported(path.child("manualSelector"), spec.manualSelector, ("nil", "false")))
    return errors
