"""Validation of the batch kinds, as in Kubernetes' ``pkg/apis/batch/validation``.

Every function takes a defaulted object and returns what is wrong with it, in Kubernetes' words; nothing is
changed and nothing is raised.
"""

from __future__ import annotations

from edgeorch.api.batch.validation.cron_jobs import (
    validate_cron_job,
    validate_cron_job_status_update,
    validate_cron_job_update,
)
from edgeorch.api.batch.validation.job_status import validate_job_status_update
from edgeorch.api.batch.validation.jobs import validate_job, validate_job_spec, validate_job_update

__all__ = [
    "validate_cron_job",
    "validate_cron_job_status_update",
    "validate_cron_job_update",
    "validate_job",
    "validate_job_spec",
    "validate_job_status_update",
    "validate_job_update",
]
