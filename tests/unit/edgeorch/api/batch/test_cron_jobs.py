"""Defaults and validation of CronJobs."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.batch.cron_job import CronJob
from edgeorch.api.batch.defaults import default_cron_job
from edgeorch.api.batch.validation import validate_cron_job, validate_cron_job_update

POD = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}


def cron(name: str = "night", job: dict[str, Any] | None = None, **spec: Any) -> CronJob:
    template = {"spec": {"template": POD, **(job or {})}}
    made = CronJob.from_dict(
        {
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"schedule": "0 3 * * *", "jobTemplate": template, **spec},
        }
    )
    default_cron_job(made)
    return made


def test_defaults() -> None:
    """``SetDefaults_CronJob``; what a Job leaves out is left to each Job."""
    spec = cron().spec
    assert (spec.concurrencyPolicy, spec.suspend) == ("Allow", False)
    assert (spec.successfulJobsHistoryLimit, spec.failedJobsHistoryLimit) == (3, 1)
    assert spec.jobTemplate.spec.backoffLimit is None
    assert spec.jobTemplate.spec.template.spec.schedulerName == "default-scheduler"


TZ = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
EXPLICIT = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"


@pytest.mark.parametrize(
    ("made", "errors"),
    [
        pytest.param(cron("n" * 52), [], id="as long as names get"),
        pytest.param(cron(timeZone="Europe/Berlin", schedule="@daily"), [], id="with a zone"),
        pytest.param(cron(timeZone="Etc/GMT+5"), [], id="an old zone"),
        pytest.param(cron(schedule=""), ["spec.schedule: Required value"], id="no schedule"),
        pytest.param(
            cron(schedule="at 3"),
            ['spec.schedule: Invalid value: "at 3": expected exactly 5 fields, found 2: [at 3]'],
            id="nonsense",
        ),
        pytest.param(
            cron(schedule="TZ=UTC 0 3 * * *"),
            [f'spec.schedule: Invalid value: "TZ=UTC 0 3 * * *": {TZ}'],
            id="a zone in the schedule",
        ),
        pytest.param(
            cron("n" * 53),
            [f'metadata.name: Invalid value: "{"n" * 53}": must be no more than 52 characters'],
            id="a long name",
        ),
        pytest.param(
            cron(timeZone=""),
            ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'],
            id="an empty zone",
        ),
        pytest.param(
            cron(timeZone="Mars/Base"),
            ['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'],
            id="an unknown zone",
        ),
        pytest.param(
            cron(timeZone="../../etc/passwd"),
            ['spec.timeZone: Invalid value: "../../etc/passwd": unknown time zone ../../etc/passwd'],
            id="a way out",
        ),
        pytest.param(
            cron(timeZone="Local"), [f'spec.timeZone: Invalid value: "Local": {EXPLICIT}'], id="whose local"
        ),
        pytest.param(
            cron(concurrencyPolicy="Maybe"),
            [
                "spec.concurrencyPolicy: Unsupported value: "  # noqa: ISC004 - one sentence
                '"Maybe": supported values: "Allow", "Forbid", "Replace"'
            ],
            id="policy",
        ),
        pytest.param(
            cron(startingDeadlineSeconds=-1, failedJobsHistoryLimit=-1),
            [
                "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
                "spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
            ],
            id="negative",
        ),
        pytest.param(
            cron(job={"selector": {}, "manualSelector": True, "backoffLimit": -1}),
            [
                "spec.jobTemplate.spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0",
                "spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated",
                "spec.jobTemplate.spec.manualSelector: Unsupported value: true: "  # noqa: ISC004
                'supported values: "nil", "false"',
            ],
            id="template",
        ),
    ],
)
def test_validation(made: CronJob, errors: list[str]) -> None:
    """``ValidateCronJobCreate``."""
    assert [str(error) for error in validate_cron_job(made)] == errors


def test_updates() -> None:
    """Everything may change; a name and a zone that were allowed once may stay."""
    old = cron("n" * 53, timeZone="Mars/Base")
    assert validate_cron_job_update(cron("n" * 53, timeZone="Mars/Base", schedule="@hourly"), old) == []
    assert validate_cron_job_update(cron("n" * 53, timeZone="Mars/Port"), old) != []
