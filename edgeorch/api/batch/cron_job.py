"""CronJobs: Jobs that are made again and again, by the clock."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.batch.job import JobSpec
from edgeorch.api.core.references import ObjectReference
from edgeorch.api.meta import Int32, Int64, Model, Object, ObjectMeta, Required, Time

ALLOW = "Allow"
FORBID = "Forbid"
REPLACE = "Replace"
CONCURRENCY_POLICIES = (ALLOW, FORBID, REPLACE)

SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
"""Annotation of a Job: the time that it was made for (RFC 3339, in the schedule's time zone)."""


class JobTemplateSpec(Model):
    """What Jobs are made from."""

    metadata: ObjectMeta = Field(default_factory=ObjectMeta)
    """Labels and annotations of the Jobs."""
    spec: JobSpec = Field(default_factory=JobSpec)
    """What the Jobs are to do."""


class CronJobSpec(Model):
    """When a Job is made, and from what."""

    schedule: Required[str] = ""
    """Minute, hour, day of the month, month and day of the week as in cron, or ``@hourly`` and its like."""
    timeZone: str | None = None
    """Name of the time zone that the schedule is in; absent, the server's."""
    startingDeadlineSeconds: Int64 | None = None
    """Seconds after its time until which a Job may still be started; absent, however late it is."""
    concurrencyPolicy: str = ""
    """What to do while a Job of before still runs: ``Allow`` (the default) another, ``Forbid`` it, or
    ``Replace`` the one of before."""
    suspend: bool | None = None
    """Whether no Jobs are made; those that run go on."""
    jobTemplate: Required[JobTemplateSpec] = Field(default_factory=JobTemplateSpec)
    """What Jobs are made from."""
    successfulJobsHistoryLimit: Int32 | None = None
    """Jobs that are kept after they have succeeded; 3 by default."""
    failedJobsHistoryLimit: Int32 | None = None
    """Jobs that are kept after they have failed; 1 by default."""


class CronJobStatus(Model):
    """What has been made."""

    active: list[ObjectReference] = Field(default_factory=list)
    """The Jobs that run now."""
    lastScheduleTime: Time | None = None
    """The latest time that a Job was made for."""
    lastSuccessfulTime: Time | None = None
    """When a Job was last complete."""


class CronJob(Object):
    """Makes Jobs of a template at given times."""

    spec: Required[CronJobSpec] = Field(default_factory=CronJobSpec)
    """When a Job is made, and from what."""
    status: CronJobStatus = Field(default_factory=CronJobStatus)
    """What has been made."""
