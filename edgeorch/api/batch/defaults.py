"""Defaults of Jobs, as in Kubernetes' ``pkg/apis/batch/v1/defaults.go``; all are idempotent."""

from __future__ import annotations

from edgeorch.api.batch.cron_job import ALLOW, CronJob
from edgeorch.api.batch.job import (
    CONTROLLER_UID,
    FAILED,
    JOB_NAME,
    LEGACY_CONTROLLER_UID,
    LEGACY_JOB_NAME,
    NON_INDEXED,
    TERMINATING_OR_FAILED,
    Job,
    JobSpec,
)
from edgeorch.api.core.defaults import default_pod_template
from edgeorch.api.meta import LabelSelector

DEFAULT_BACKOFF_LIMIT = 6
NO_LIMIT = 2**31 - 1
DEFAULT_SUCCESSFUL_JOBS = 3
DEFAULT_FAILED_JOBS = 1


def default_job(job: Job) -> None:
    """Run one pod once, and give up after six failures; labels are those of the template."""
    if not job.metadata.labels:
        job.metadata.labels = dict(job.spec.template.metadata.labels)
    default_job_spec(job.spec)


def default_job_spec(spec: JobSpec) -> None:
    """Fill in what a Job, or the template of one, leaves out."""
    if spec.completions is None and spec.parallelism is None:
        spec.completions = 1
    if spec.parallelism is None:
        spec.parallelism = 1
    if spec.backoffLimit is None:
        spec.backoffLimit = DEFAULT_BACKOFF_LIMIT if spec.backoffLimitPerIndex is None else NO_LIMIT
    spec.completionMode = spec.completionMode or NON_INDEXED
    spec.suspend = bool(spec.suspend)
    spec.manualSelector = bool(spec.manualSelector)
    policy = spec.podFailurePolicy
    if spec.podReplacementPolicy is None:
        spec.podReplacementPolicy = TERMINATING_OR_FAILED if policy is None else FAILED
    for rule in policy.rules if policy else ():
        for pattern in rule.onPodConditions:
            pattern.status = pattern.status or "True"
    default_pod_template(spec.template)


def default_cron_job(cron: CronJob) -> None:
    """Allow Jobs side by side, and keep some of those that ended (``SetDefaults_CronJob``).

    Of the Jobs' template only the pods' is filled in; the rest is each Job's own.
    """
    spec = cron.spec
    spec.concurrencyPolicy = spec.concurrencyPolicy or ALLOW
    spec.suspend = bool(spec.suspend)
    if spec.successfulJobsHistoryLimit is None:
        spec.successfulJobsHistoryLimit = DEFAULT_SUCCESSFUL_JOBS
    if spec.failedJobsHistoryLimit is None:
        spec.failedJobsHistoryLimit = DEFAULT_FAILED_JOBS
    default_pod_template(spec.jobTemplate.spec.template)


def generate_selector(job: Job) -> None:
    """Label the pods of a Job, and select them by its uid (``generateSelector``).

    What the client has set stays, and is refused later unless it is the same.
    """
    if not job.spec.manualSelector:
        labels = job.spec.template.metadata.labels
        for name in (LEGACY_JOB_NAME, JOB_NAME):
            labels.setdefault(name, job.metadata.name)
        for name in (LEGACY_CONTROLLER_UID, CONTROLLER_UID):
            labels.setdefault(name, job.metadata.uid)
        job.spec.selector = job.spec.selector or LabelSelector()
        job.spec.selector.matchLabels.setdefault(CONTROLLER_UID, job.metadata.uid)
    # Kubernetes does this when it reads the object again.
    job.metadata.labels = job.metadata.labels or dict(job.spec.template.metadata.labels)
