"""CronJobs: one test per clause of Kubernetes' documentation."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest

from edgeorch.api.batch.cron_job import CronJob
from edgeorch.api.batch.job import Job
from edgeorch.api.batch.resources import CRON_JOBS, JOBS
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import DeleteOptions, parse_time
from edgeorch_server.controllers.runner import Key
from tests.fakes.workloads import EPOCH, Workshop

pytestmark = pytest.mark.looptime

POD = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1"}]}}
MINUTE = 60
STAMP = "batch.kubernetes.io/cronjob-scheduled-timestamp"


@pytest.fixture
async def shop() -> Workshop:
    return await Workshop().open()


async def make(shop: Workshop, schedule: str = "* * * * *", *, limit: int = 6, **spec: Any) -> CronJob:
    template = {
        "metadata": {"labels": {"run": "tick"}, "annotations": {"a": "b"}},
        "spec": {"template": POD, "backoffLimit": limit},
    }
    body = {"schedule": schedule, "jobTemplate": template, **spec}
    made: CronJob = await shop.create(CRON_JOBS, "tick", spec=body)
    await shop.settle()
    return made


def cron(shop: Workshop) -> CronJob:
    found: CronJob = shop.get(CRON_JOBS, "tick")
    return found


def jobs(shop: Workshop) -> list[Job]:
    return sorted(shop.all(JOBS), key=lambda job: job.metadata.name)


def name(minutes: float) -> str:
    """Name the Job of so many minutes after the beginning."""
    return f"tick-{int(EPOCH.timestamp() // 60 + minutes)}"


def names(shop: Workshop) -> list[str]:
    return [job.metadata.name for job in jobs(shop)]


async def after(shop: Workshop, seconds: float) -> None:
    shop.advance(seconds)
    await shop.settle()


async def end(shop: Workshop, phase: str = "Succeeded") -> None:
    """Let all pods end."""
    for pod in shop.pods():
        if pod.status.phase not in {"Succeeded", "Failed"}:
            fresh = shop.get(PODS, pod.metadata.name)
            fresh.status.phase = phase
            await shop.registry.update_status(PODS, fresh)
    await shop.settle()


async def test_a_job_is_made_when_its_time_has_come(shop: Workshop) -> None:
    """CronJob: from the template, named by its time, owned by the CronJob; not before."""
    made = await make(shop, timeZone="Asia/Tokyo")
    assert jobs(shop) == []
    await after(shop, MINUTE + 1)
    [job] = jobs(shop)
    meta = job.metadata
    assert (meta.name, meta.labels["run"], meta.annotations["a"]) == (name(1), "tick", "b")
    assert meta.annotations[STAMP] == "2026-05-01T21:01:00+09:00"
    assert [(o.kind, o.uid, o.controller) for o in meta.ownerReferences] == [
        ("CronJob", made.metadata.uid, True)
    ]
    assert len(shop.pods()) == 1
    status = cron(shop).status
    assert [(one.kind, one.name, one.uid) for one in status.active] == [("Job", name(1), meta.uid)]
    assert (status.lastScheduleTime, status.lastSuccessfulTime) == ("2026-05-01T12:01:00Z", None)
    assert ("SuccessfulCreate", f"Created job {name(1)}") in shop.events("tick")


async def test_a_job_that_has_ended(shop: Workshop) -> None:
    """It is active no more, and its end is the last success; a failed one is none."""
    await make(shop, "0 * * * *")
    await after(shop, 60 * MINUTE)
    shop.advance(30)
    await end(shop)
    status = cron(shop).status
    assert (status.active, status.lastSuccessfulTime) == ([], "2026-05-01T13:00:30Z")
    assert ("SawCompletedJob", f"Saw completed job: {name(60)}, condition: Complete") in shop.events("tick")


async def test_after_an_outage_only_the_last_time_counts(shop: Workshop) -> None:
    """Kubernetes: "the CronJob controller checks how many schedules it missed"; it makes up for one of them."""
    await make(shop, "*/10 * * * *")
    shop.restart()
    await after(shop, 65 * MINUTE)
    assert names(shop) == [name(60)]
    assert "TooManyMissedTimes" not in dict(shop.events("tick"))


async def test_too_many_missed_times_are_told_of(shop: Workshop) -> None:
    """More than 100 are no outage; the last one still gets its Job."""
    await make(shop)
    await after(shop, 102 * MINUTE)
    assert names(shop) == [name(102)]
    why = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
    assert ("TooManyMissedTimes", why) in shop.events("tick")


@pytest.mark.parametrize(
    ("late", "made"), [pytest.param(200, True, id="in time"), pytest.param(201, False, id="too late")]
)
async def test_starting_deadline(shop: Workshop, late: int, *, made: bool) -> None:
    """``startingDeadlineSeconds``: after that the run is left out, and the next one comes as ever."""
    await make(shop, "0 13 * * *", startingDeadlineSeconds=201)
    await after(shop, 60 * MINUTE + late)
    assert names(shop) == ([name(60)] if made else [])
    await after(shop, 24 * 60 * MINUTE - late)
    assert name(25 * 60) in names(shop)


async def test_allow(shop: Workshop) -> None:
    """``concurrencyPolicy: Allow`` is the default: Jobs run side by side."""
    await make(shop)
    await after(shop, MINUTE)
    await after(shop, MINUTE)
    assert [one.name for one in cron(shop).status.active] == [name(1), name(2)]


async def test_forbid(shop: Workshop) -> None:
    """``Forbid``: a run is left out while another one goes on; the last one missed is made up for at its end."""
    await make(shop, concurrencyPolicy="Forbid")
    for _ in range(4):
        await after(shop, MINUTE)
    assert names(shop) == [name(1)]
    why = "Not starting job because prior execution is running and concurrency policy is Forbid"
    assert ("JobAlreadyActive", why) in shop.events("tick")
    await end(shop)
    assert names(shop) == [name(1), name(4)]


async def test_replace(shop: Workshop) -> None:
    """``Replace``: the run before makes way."""
    await make(shop, concurrencyPolicy="Replace")
    await after(shop, MINUTE)
    await after(shop, MINUTE)
    assert names(shop) == [name(2)]
    assert [one.name for one in cron(shop).status.active] == [name(2)]
    assert ("SuccessfulDelete", f"Deleted job {name(1)}") in shop.events("tick")


async def test_suspend(shop: Workshop) -> None:
    """``suspend``: nothing is started, what runs goes on; missed runs count when it is resumed."""
    await make(shop)
    await after(shop, MINUTE)
    await shop.patch(CRON_JOBS, "tick", spec={"suspend": True})
    await after(shop, 5 * MINUTE)
    await end(shop)
    assert names(shop) == [name(1)]
    assert cron(shop).status.active == []
    await shop.patch(CRON_JOBS, "tick", spec={"suspend": False})
    await shop.settle()
    assert names(shop) == [name(1), name(6)]


async def test_history_limits(shop: Workshop) -> None:
    """Three Jobs that succeeded and one that failed are kept, the newest of each."""
    await make(shop, limit=0)
    for number in range(1, 8):
        await after(shop, MINUTE)
        await end(shop, "Failed" if number in {2, 3} else "Succeeded")
    assert names(shop) == [name(3), name(5), name(6), name(7)]
    assert ("SuccessfulDelete", f"Deleted job {name(1)}") in shop.events("tick")


async def test_no_history(shop: Workshop) -> None:
    """Limits of 0 keep nothing, and a run is not repeated because its Job is gone."""
    await make(shop, successfulJobsHistoryLimit=0, failedJobsHistoryLimit=0)
    await after(shop, MINUTE)
    await end(shop)
    assert names(shop) == []
    shop.restart()
    await after(shop, 30)
    assert names(shop) == []
    assert cron(shop).status.lastScheduleTime == "2026-05-01T12:01:00Z"


async def test_a_clock_that_is_set_back(shop: Workshop) -> None:
    """The same time gets no second Job, also if the first one is gone; later times get theirs."""
    await make(shop, successfulJobsHistoryLimit=0)
    await after(shop, 5 * MINUTE)
    await end(shop)
    shop.advance(-3 * MINUTE)
    for _ in range(6):
        await after(shop, 30)
        assert names(shop) == []
    await after(shop, MINUTE)
    assert names(shop) == [name(6)]


async def test_a_server_that_is_killed_between_job_and_status(shop: Workshop) -> None:
    """The Job's name is its time: it is found again, not made twice."""
    await make(shop)
    await after(shop, MINUTE)
    fresh = cron(shop)
    fresh.status.active, fresh.status.lastScheduleTime = [], None
    await shop.registry.update_status(CRON_JOBS, fresh)
    shop.restart()
    await after(shop, 10)
    assert names(shop) == [name(1)]
    status = cron(shop).status
    assert ([one.name for one in status.active], status.lastScheduleTime) == (
        [name(1)],
        "2026-05-01T12:01:00Z",
    )


async def test_a_job_of_somebody_else(shop: Workshop) -> None:
    """``kubectl create job --from``: it is the CronJob's to clean up, but no run of the schedule."""
    made = await make(shop, "0 * * * *", concurrencyPolicy="Forbid")
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "tick", "uid": made.metadata.uid}
    meta = {
        "ownerReferences": [{**owner, "controller": True}],
        "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
    }
    await shop.create(JOBS, "by-hand", metadata=meta, spec={"template": POD})
    await shop.settle()
    why = "Saw a job that the controller did not create or forgot: by-hand"
    assert ("UnexpectedJob", why) in shop.events("tick")
    assert cron(shop).status.active == []
    await after(shop, 60 * MINUTE)
    assert names(shop) == ["by-hand", name(60)]


async def test_a_job_that_was_deleted(shop: Workshop) -> None:
    """It is not active any more, and is not made again."""
    await make(shop)
    await after(shop, MINUTE)
    options = DeleteOptions(propagationPolicy="Background")
    await shop.registry.delete(JOBS, "default", name(1), options)
    await shop.settle()
    assert (names(shop), cron(shop).status.active) == ([], [])
    assert ("MissingJob", f"Active job went missing: {name(1)}") in shop.events("tick")


async def test_every_so_often(shop: Workshop) -> None:
    """``@every 90m`` counts from the last time, or from the creation."""
    await make(shop, "@every 90m")
    await after(shop, 90 * MINUTE - 1)
    assert names(shop) == []
    await after(shop, 1)
    await after(shop, 100 * MINUTE)
    assert names(shop) == [name(90), name(180)]


async def test_a_day_that_never_comes(shop: Workshop) -> None:
    """It is told of, and costs nothing."""
    await make(shop, "0 0 31 2 *")
    why = "time difference between two schedules is less than 1 second"
    assert ("InvalidSchedule", f"invalid schedule: 0 0 31 2 * : {why}") in shop.events("tick")
    result = await shop.reconciler("cron-job").reconcile(Key("default", "tick"))
    assert result.requeue_after is None


async def test_it_wakes_by_itself(shop: Workshop) -> None:
    """Every time gets its Job on time, for a day, though nothing else happens; and no more is written."""
    await make(shop, "0 */6 * * *")
    async with shop.running():
        await asyncio.sleep(24 * 3600 + 5)
    assert names(shop) == [name(hours * 60) for hours in (6, 12, 18, 24)]
    for job in jobs(shop):
        created, meant = (
            parse_time(job.metadata.creationTimestamp or ""),
            parse_time(job.metadata.annotations[STAMP]),
        )
        assert created - meant < dt.timedelta(seconds=2)


async def test_a_cron_job_at_rest_writes_nothing(shop: Workshop) -> None:
    """Neither one that waits, nor one that is held up by a Job that does not end."""
    await make(shop, "0 * * * *", concurrencyPolicy="Forbid")
    async with shop.running():
        await asyncio.sleep(2 * 3600 + 60)
        revision = shop.store.revision
        await asyncio.sleep(3000)
        assert shop.store.revision == revision
