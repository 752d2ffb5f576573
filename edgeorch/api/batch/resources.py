"""Resource table entries of batch/v1."""

from __future__ import annotations

from edgeorch.api.batch.cron_job import CronJob
from edgeorch.api.batch.job import Job
from edgeorch.api.resources import ResourceInfo, Subresource

JOBS = ResourceInfo(
    group="batch",
    version="v1",
    kind="Job",
    plural="jobs",
    singular="job",
    model=Job,
    categories=("all",),
    subresources=(Subresource("status", ("get", "patch", "update")),),
    field_labels={"status.successful": "status.succeeded"},
)

CRON_JOBS = ResourceInfo(
    group="batch",
    version="v1",
    kind="CronJob",
    plural="cronjobs",
    singular="cronjob",
    model=CronJob,
    short_names=("cj",),
    categories=("all",),
    subresources=(Subresource("status", ("get", "patch", "update")),),
)
