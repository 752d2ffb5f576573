"""CronJobs: makes a Job whenever its time has come (``pkg/controller/cronjob``).

Times come from the wall clock, which may be set: so nothing is counted that has passed, the status says for
which time a Job was made last, and a Job's name is its time. A clock that was set back makes no Job twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from edgeorch.api.batch.cron_job import CronJob, CronJobStatus
from edgeorch.api.batch.job import Job
from edgeorch.api.batch.resources import CRON_JOBS, JOBS
from edgeorch.api.batch.schedule import parse_schedule
from edgeorch.api.meta import DeleteOptions, Preconditions, format_time
from edgeorch.errors import AlreadyExists, ApiError, NotFound
from edgeorch_server.controllers.cron_jobs.calendar import Calendar, calendar_of, upcoming, zone_of
from edgeorch_server.controllers.cron_jobs.plan import (
    beginning,
    due,
    look,
    make_job,
    reference,
    surplus,
)
from edgeorch_server.controllers.news import Note, Told
from edgeorch_server.controllers.ownership import controls
from edgeorch_server.controllers.runner import DONE, Key, Result, Source, controller_key
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.recorder import EventRecorder

SOURCES = (Source(CRON_JOBS), Source(JOBS, controller_key(CRON_JOBS.kind)))

LONGEST_WAIT = 60.0
"""Seconds. A board without a clock of its own learns the time after it has started; no timer tells of that."""


class CronJobs:
    """Reconciles one CronJob."""

    def __init__(
        self,
        client: Client,
        recorder: EventRecorder,
        *,
        now: Callable[[], dt.datetime],
        zone: dt.tzinfo,
    ) -> None:
        self._client = client
        self._recorder = recorder
        self._now = now
        self._zone = zone
        self._told = Told()

    async def reconcile(self, key: Key) -> Result:
        """Make the Job whose time has come, clean up after those that ended; come back for the next one."""
        try:
            cron = self._client.get(CRON_JOBS, key.namespace, key.name)
        except NotFound:
            self._told.forget(key)
            return DONE
        jobs = await self._clean_up(cron, self._jobs(cron))
        seen = look(cron, jobs)
        notes = [*seen.notes]
        try:
            return await self._proceed(cron, seen.status, notes)
        finally:
            await self._tell(cron, self._told.news(key, notes))
            await self._write(cron, seen.status)

    async def _proceed(self, cron: CronJob, status: CronJobStatus, notes: list[Note]) -> Result:
        """Make the Job that is due, if one is; changes the status and adds to the notes."""
        if cron.metadata.deletionTimestamp or cron.spec.suspend:
            return DONE
        zone, calendar = self._timing(cron, notes)
        if calendar is None:
            return DONE
        start = due(cron, status, calendar, self._now())
        notes += start.notes
        if start.time is not None:
            await self._start(cron, status, make_job(cron, start.time, zone), replace=start.replace)
            status.lastScheduleTime = format_time(start.time)
        now = self._now()
        following = upcoming(calendar, start.time or beginning(cron, now), now)
        if following is None:
            return DONE
        return Result(requeue_after=min((following - now).total_seconds(), LONGEST_WAIT))

    def _jobs(self, cron: CronJob) -> list[Job]:
        owned = self._client.owned(JOBS, cron.metadata.uid)
        return [job for job in owned if controls(cron, job)]

    def _timing(self, cron: CronJob, notes: list[Note]) -> tuple[dt.tzinfo, Calendar | None]:
        """Read the schedule; of one that makes no sense any more it is noted why."""
        spec, zone = cron.spec, self._zone
        try:
            zone = zone_of(spec.timeZone, self._zone)
        except ValueError as exc:
            notes.append(Note("Warning", "UnknownTimeZone", f'invalid timeZone: "{spec.timeZone}": {exc}'))
            return zone, None
        try:
            calendar = calendar_of(parse_schedule(spec.schedule), zone)
        except ValueError as exc:
            why = f'unparseable schedule: "{spec.schedule}" : {exc}'
            notes.append(Note("Warning", "UnparseableSchedule", why))
            return zone, None
        if next(calendar.after(self._now()), None) is None:
            # Kubernetes' own words for a day that never comes.
            why = "time difference between two schedules is less than 1 second"
            notes.append(Note("Warning", "InvalidSchedule", f"invalid schedule: {spec.schedule} : {why}"))
            return zone, None
        return zone, calendar

    # Jobs

    async def _start(self, cron: CronJob, status: CronJobStatus, job: Job, *, replace: bool) -> None:
        """Make a Job, and note it in the status; raises what it was refused with."""
        if replace:
            for one in list(status.active):
                await self._delete(cron, one.name, one.uid)
                status.active.remove(one)
        try:
            made = await self._client.create(JOBS, job)
        except AlreadyExists:
            there = self._client.get(JOBS, job.metadata.namespace, job.metadata.name)
            if not controls(cron, there):
                raise
        except ApiError as exc:
            if not any(cause.reason == "NamespaceTerminating" for cause in exc.causes):
                why = f"Error creating job: {exc.message}"
                await self._tell(cron, [Note("Warning", "FailedCreate", why)])
            raise
        else:
            await self._tell(cron, [Note("Normal", "SuccessfulCreate", f"Created job {made.metadata.name}")])
            status.active.append(reference(made))

    async def _clean_up(self, cron: CronJob, jobs: Sequence[Job]) -> list[Job]:
        """Delete what is too old; gives what is left."""
        gone = surplus(cron, jobs)
        for job in gone:
            await self._delete(cron, job.metadata.name, job.metadata.uid)
        return [job for job in jobs if job not in gone]

    async def _delete(self, cron: CronJob, name: str, uid: str) -> None:
        """Delete a Job and its pods; one that is gone is fine."""
        same = DeleteOptions(propagationPolicy="Background", preconditions=Preconditions(uid=uid))
        try:
            await self._client.delete(JOBS, cron.metadata.namespace, name, same)
        except NotFound:
            return
        except ApiError as exc:
            await self._tell(cron, [Note("Warning", "FailedDelete", f"Deleted job: {exc.message}")])
            raise
        await self._tell(cron, [Note("Normal", "SuccessfulDelete", f"Deleted job {name}")])

    # Status

    async def _write(self, cron: CronJob, status: CronJobStatus) -> None:
        if status != cron.status:
            cron.status = status
            await self._client.update_status(CRON_JOBS, cron)

    async def _tell(self, cron: CronJob, notes: Iterable[Note]) -> None:
        for note in notes:
            await self._recorder.event(cron, note.type, note.reason, note.message)
