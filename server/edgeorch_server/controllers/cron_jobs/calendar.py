"""When the times of a schedule are. The only module that knows the cron library.

Around a change of the clocks it follows Debian's cron: what runs at some time of day runs once, at the end of
the gap if the clock skips it, and what runs every hour runs by real time. Kubernetes skips the runs in a gap
and repeats those of the hour that comes twice; we rather lose no run and double none (design 0002).
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from edgeorch.api.batch.schedule import Crontab, Every, Field, Schedule

MANY = 100
"""Missed times that are too many to be an outage: more likely a clock was wrong."""

_SECOND = dt.timedelta(seconds=1)
_LOCAL_TIME = Path("/etc/localtime")


class Calendar(Protocol):
    """The times of one schedule, after some beginning; all are aware, in UTC and whole seconds."""

    def after(self, when: dt.datetime) -> Iterator[dt.datetime]:
        """Give the times after this one, in order; none where there is no such day."""
        ...

    def latest(self, since: dt.datetime, until: dt.datetime) -> dt.datetime | None:
        """Give the last time after ``since`` that is not after ``until``."""
        ...

    def skip(self, since: dt.datetime, to: dt.datetime) -> dt.datetime:
        """Give a later beginning, from which the times after ``to`` are the same."""
        ...


@dataclass(frozen=True, slots=True)
class Missed:
    """The times between two moments."""

    latest: dt.datetime | None
    many: bool
    """There were more than :data:`MANY`."""


def missed(calendar: Calendar, since: dt.datetime, until: dt.datetime) -> Missed:
    """Find the last of the times after ``since`` and up to ``until`` (``mostRecentScheduleTime``)."""
    times = itertools.takewhile(lambda time: time <= until, calendar.after(since))
    found = list(itertools.islice(times, MANY + 1))
    if len(found) <= MANY:
        return Missed(found[-1] if found else None, many=False)
    return Missed(calendar.latest(since, until), many=True)


def upcoming(calendar: Calendar, since: dt.datetime, now: dt.datetime) -> dt.datetime | None:
    """Give the first time that is after both."""
    return next(calendar.after(calendar.skip(since, now)), None)


def calendar_of(schedule: Schedule, zone: dt.tzinfo) -> Calendar:
    """Build the calendar of a schedule."""
    return _Delays(schedule) if isinstance(schedule, Every) else _Crontab(schedule, zone)


@dataclass(frozen=True, slots=True)
class _Delays:
    schedule: Every

    def after(self, when: dt.datetime) -> Iterator[dt.datetime]:
        delay = dt.timedelta(seconds=self.schedule.seconds)
        when = when.astimezone(dt.UTC).replace(microsecond=0)
        while True:
            when += delay
            yield when

    def latest(self, since: dt.datetime, until: dt.datetime) -> dt.datetime | None:
        last = self.skip(since, until)
        return last if last > since else None

    def skip(self, since: dt.datetime, to: dt.datetime) -> dt.datetime:
        delay = dt.timedelta(seconds=self.schedule.seconds)
        since = since.astimezone(dt.UTC).replace(microsecond=0)
        return since + max((to - since) // delay, 0) * delay


class _Crontab:
    def __init__(self, schedule: Crontab, zone: dt.tzinfo) -> None:
        self._text = _expression(schedule)
        self._zone = zone

    def after(self, when: dt.datetime) -> Iterator[dt.datetime]:
        last = when
        for time in self._walk(when, reverse=False):
            # In an hour that comes twice the library starts with the first one again.
            if time > last:
                yield time
                last = time

    def latest(self, since: dt.datetime, until: dt.datetime) -> dt.datetime | None:
        # Walking back it begins a second before.
        start = until.replace(microsecond=0) + _SECOND
        found = next((time for time in self._walk(start, reverse=True) if time <= until), None)
        return found if found is not None and found > since else None

    def skip(self, since: dt.datetime, to: dt.datetime) -> dt.datetime:
        return max(since, to)

    def _walk(self, start: dt.datetime, *, reverse: bool) -> Iterator[dt.datetime]:
        try:
            times = CronSim(self._text, start.astimezone(self._zone), reverse=reverse)
        except CronSimError:  # the 30th of February: the grammar allows it, the calendar does not
            return
        for time in times:
            yield time.astimezone(dt.UTC)


def _expression(schedule: Crontab) -> str:
    """Write a schedule as the library reads it: as plain numbers, and a star for what does not matter.

    Two fields for the day that both matter are alternatives, as in Kubernetes.
    """
    fields = (schedule.minute, schedule.hour, schedule.day, schedule.month, schedule.weekday)
    return " ".join(map(_numbers, fields))


def _numbers(field: Field) -> str:
    return "*" if field.any else ",".join(map(str, sorted(field.numbers)))


def zone_of(name: str | None, local: dt.tzinfo) -> dt.tzinfo:
    """Give the time zone of a schedule; raises ValueError for one that this box does not know."""
    if name is None:
        return local
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError(f"unknown time zone {name}") from exc


def local_zone() -> dt.tzinfo:
    """Give the time zone of this box: ``TZ``, ``/etc/localtime``, or else UTC."""
    try:
        if name := os.environ.get("TZ", "").removeprefix(":"):
            return ZoneInfo(name)
        with _LOCAL_TIME.open("rb") as file:
            return ZoneInfo.from_file(file, key="Local")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return dt.UTC
