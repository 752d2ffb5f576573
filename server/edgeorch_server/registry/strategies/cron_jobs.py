"""CronJobs (``pkg/registry/batch/cronjob/strategy.go``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.batch.cron_job import CronJob, CronJobStatus
from edgeorch.api.batch.defaults import default_cron_job
from edgeorch.api.batch.validation import (
    validate_cron_job,
    validate_cron_job_status_update,
    validate_cron_job_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy


class CronJobStrategy(Strategy[CronJob]):
    """The status is durable: it says which runs there were, also of Jobs that are gone."""

    counts_generations: ClassVar[bool] = True

    def default(self, obj: CronJob) -> None:
        """Allow Jobs side by side, keep some, and fill in the template of their pods."""
        default_cron_job(obj)

    def prepare_create(self, obj: CronJob) -> None:
        """Start with nothing made."""
        obj.status = CronJobStatus()

    def prepare_update(self, new: CronJob, old: CronJob) -> None:
        """Leave the status to its own subresource."""
        new.status = old.status

    def prepare_status(self, new: CronJob, old: CronJob) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def validate(self, obj: CronJob) -> list[FieldError]:
        """Check a new CronJob."""
        return validate_cron_job(obj)

    def validate_update(self, new: CronJob, old: CronJob) -> list[FieldError]:
        """Check a changed CronJob."""
        return validate_cron_job_update(new, old)

    def validate_status(self, new: CronJob, old: CronJob) -> list[FieldError]:
        """Check a changed status."""
        return validate_cron_job_status_update(new, old)
