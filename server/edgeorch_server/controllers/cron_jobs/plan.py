"""What is to be done about a CronJob now. Pure (``syncCronJob``, ``cleanupFinishedJobs``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from edgeorch.api.batch.cron_job import FORBID, REPLACE, SCHEDULED_AT, CronJob, CronJobStatus
from edgeorch.api.batch.job import Job
from edgeorch.api.core.references import ObjectReference
from edgeorch.api.meta import ObjectMeta, format_time, parse_time
from edgeorch_server.controllers.cron_jobs.calendar import Calendar, missed
from edgeorch_server.controllers.news import Note
from edgeorch_server.controllers.ownership import controller_reference


@dataclass(frozen=True, slots=True)
class Seen:
    """What has become of the Jobs."""

    status: CronJobStatus
    notes: Sequence[Note] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """Whether to make a Job."""

    time: dt.datetime | None = None
    """For which time; None for not now."""
    replace: bool = False
    """The Jobs that still run go first."""
    notes: list[Note] = field(default_factory=list)


def look(cron: CronJob, jobs: Sequence[Job]) -> Seen:
    """Find out which Jobs run, and which ended since the last time."""
    before = {one.uid: one for one in cron.status.active}
    notes: list[Note] = []
    active: list[ObjectReference] = []
    success = cron.status.lastSuccessfulTime
    for job in sorted(jobs, key=lambda job: job.metadata.name):
        meta = job.metadata
        if job.finished:
            if meta.uid in before:
                how = "Complete" if job.has("Complete") else "Failed"
                notes.append(
                    Note("Normal", "SawCompletedJob", f"Saw completed job: {meta.name}, condition: {how}")
                )
            success = _later(success, job.status.completionTime)
        elif meta.uid in before:
            active.append(before[meta.uid])
        elif made_for(cron, job) is not None:
            active.append(reference(job))  # we were stopped before we could say so
        else:
            why = f"Saw a job that the controller did not create or forgot: {meta.name}"
            notes.append(Note("Warning", "UnexpectedJob", why))
    there = {job.metadata.uid for job in jobs}
    notes += [
        Note("Normal", "MissingJob", f"Active job went missing: {one.name}")
        for uid, one in before.items()
        if uid not in there
    ]
    status = cron.status.model_copy(update={"active": active, "lastSuccessfulTime": success})
    return Seen(status, notes)


def _later(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=parse_time)


def surplus(cron: CronJob, jobs: Sequence[Job]) -> list[Job]:
    """Give the oldest of the Jobs that have ended, beyond those that are to be kept."""
    kept = (
        ("Complete", cron.spec.successfulJobsHistoryLimit),
        ("Failed", cron.spec.failedJobsHistoryLimit),
    )
    found: list[Job] = []
    for condition, limit in kept:
        if limit is not None:
            ended = sorted((job for job in jobs if job.has(condition) and not _goes(job)), key=_started)
            found += ended[: max(len(ended) - limit, 0)]
    return found


def _goes(job: Job) -> bool:
    return job.metadata.deletionTimestamp is not None


def _started(job: Job) -> tuple[bool, dt.datetime, str]:
    start = job.status.startTime
    return (
        start is None,
        parse_time(start) if start else dt.datetime.min.replace(tzinfo=dt.UTC),
        job.metadata.name,
    )


def due(cron: CronJob, status: CronJobStatus, calendar: Calendar, now: dt.datetime) -> Start:
    """Decide whether a Job is to be made, and for which of the times that have passed: the last one only."""
    since = beginning(cron, now)
    deadline = cron.spec.startingDeadlineSeconds
    if deadline is not None:
        since = calendar.skip(since, _before(now, deadline))
    found = missed(calendar, since, now)
    if found.latest is None:
        return Start()
    start = Start(found.latest, replace=cron.spec.concurrencyPolicy == REPLACE)
    if found.many:
        why = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
        start.notes.append(Note("Warning", "TooManyMissedTimes", why, format_time(found.latest)))
    if cron.spec.concurrencyPolicy == FORBID and status.active:
        why = "Not starting job because prior execution is running and concurrency policy is Forbid"
        note = Note("Normal", "JobAlreadyActive", why, format_time(found.latest))
        return Start(notes=[*start.notes, note])
    return start


def beginning(cron: CronJob, now: dt.datetime) -> dt.datetime:
    """Give the moment after which times count: the last one that had a Job, or the creation."""
    last = cron.status.lastScheduleTime or cron.metadata.creationTimestamp
    return parse_time(last) if last else now


def _before(now: dt.datetime, seconds: int) -> dt.datetime:
    try:
        return now - dt.timedelta(seconds=seconds)
    except OverflowError:
        return dt.datetime.min.replace(tzinfo=dt.UTC)


def job_name(cron: CronJob, time: dt.datetime) -> str:
    """Name the Job of a time: by the minute, so that a time has one Job however often it is tried."""
    return f"{cron.metadata.name}-{int(time.timestamp()) // 60}"


def made_for(cron: CronJob, job: Job) -> dt.datetime | None:
    """Give the time a Job was made for; None if it was not made by the controller."""
    try:
        time = parse_time(job.metadata.annotations[SCHEDULED_AT])
    except (KeyError, ValueError):
        return None
    return time if job.metadata.name == job_name(cron, time) else None


def make_job(cron: CronJob, time: dt.datetime, zone: dt.tzinfo) -> Job:
    """Build the Job of a time (``getJobFromTemplate2``)."""
    template = cron.spec.jobTemplate
    stamp = time.astimezone(zone).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Job(
        metadata=ObjectMeta(
            name=job_name(cron, time),
            namespace=cron.metadata.namespace,
            labels=dict(template.metadata.labels),
            annotations={**template.metadata.annotations, SCHEDULED_AT: stamp},
            ownerReferences=[controller_reference(cron)],
        ),
        spec=template.spec.model_copy(deep=True),
    )


def reference(job: Job) -> ObjectReference:
    """Point at a Job."""
    meta = job.metadata
    return ObjectReference(
        apiVersion=job.apiVersion,
        kind=job.kind,
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        resourceVersion=meta.resourceVersion,
    )
