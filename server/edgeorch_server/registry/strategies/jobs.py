"""Jobs (``pkg/registry/batch/job/strategy.go``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.batch.defaults import default_job, generate_selector
from edgeorch.api.batch.job import Job, JobStatus
from edgeorch.api.batch.validation import validate_job, validate_job_status_update, validate_job_update
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy


class JobStrategy(Strategy[Job]):
    """The status is durable: it counts pods that are gone, and cannot be computed again."""

    counts_generations: ClassVar[bool] = True
    orphans_dependents: ClassVar[bool] = True

    def default(self, obj: Job) -> None:
        """Run one pod once, and fill in the template."""
        default_job(obj)

    def prepare_create(self, obj: Job) -> None:
        """Start without pods, and with a selector of its own."""
        generate_selector(obj)
        obj.status = JobStatus()

    def prepare_update(self, new: Job, old: Job) -> None:
        """Leave the status to its own subresource."""
        new.status = old.status

    def prepare_status(self, new: Job, old: Job) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def validate(self, obj: Job) -> list[FieldError]:
        """Check a new Job."""
        return validate_job(obj)

    def validate_update(self, new: Job, old: Job) -> list[FieldError]:
        """Check a changed Job."""
        return validate_job_update(new, old)

    def validate_status(self, new: Job, old: Job) -> list[FieldError]:
        """Check a changed status."""
        return validate_job_status_update(new, old)
