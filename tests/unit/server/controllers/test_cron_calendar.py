"""When the times of a schedule are, over the change of the clocks too."""

from __future__ import annotations

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.batch.schedule import parse_schedule
from edgeorch_server.controllers.cron_jobs.calendar import (
    Calendar,
    calendar_of,
    local_zone,
    missed,
    upcoming,
    zone_of,
)

BERLIN = ZoneInfo("Europe/Berlin")


def calendar(text: str, zone: dt.tzinfo = dt.UTC) -> Calendar:
    return calendar_of(parse_schedule(text), zone)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def times(text: str, start: str, count: int, zone: dt.tzinfo = dt.UTC) -> list[str]:
    found = itertools.islice(calendar(text, zone).after(utc(start)), count)
    return [f"{time:%m-%d %H:%M}" for time in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/20 * * * *", ["05-01 12:20", "05-01 12:40", "05-01 13:00"]),
        ("0 12 * * *", ["05-02 12:00", "05-03 12:00", "05-04 12:00"]),
        ("0 0 * * mon", ["05-04 00:00", "05-11 00:00", "05-18 00:00"]),
        ("0 0 13 * fri", ["05-08 00:00", "05-13 00:00", "05-15 00:00"]),
        ("0 0 */10 * 1", ["05-04 00:00", "05-11 00:00", "05-18 00:00"]),
        ("0 0 29 2 *", ["02-29 00:00", "02-29 00:00", "02-29 00:00"]),
        ("@every 90s", ["05-01 12:01", "05-01 12:03", "05-01 12:04"]),
    ],
)
def test_times(text: str, expected: list[str]) -> None:
    """Strictly after the moment; two fields for the day that both matter are alternatives."""
    assert times(text, "2026-05-01T12:00:00", 3) == expected


def test_time_zones() -> None:
    """``timeZone``: the time of day is that zone's, in summer and in winter."""
    assert times("30 6 * * *", "2026-07-01T00:00:00", 1, BERLIN) == ["07-01 04:30"]
    assert times("30 6 * * *", "2026-12-01T00:00:00", 1, BERLIN) == ["12-01 05:30"]


def test_an_hour_that_is_skipped() -> None:
    """What falls into the gap runs at its end; the hourly ones do not notice (29 March, 1:00 UTC)."""
    assert times("30 2 * * *", "2026-03-28T12:00:00", 2, BERLIN) == ["03-29 01:00", "03-30 00:30"]
    assert times("0 * * * *", "2026-03-28T23:30:00", 3, BERLIN) == ["03-29 00:00", "03-29 01:00", "03-29 02:00"]


def test_an_hour_that_comes_twice() -> None:
    """What runs at some time of day runs once, what runs every hour both times (25 October, 1:00 UTC)."""
    assert times("30 2 * * *", "2026-10-24T12:00:00", 2, BERLIN) == ["10-25 00:30", "10-26 01:30"]
    assert times("30 2 * * *", "2026-10-25T01:10:00", 1, BERLIN) == ["10-26 01:30"]
    assert times("0 * * * *", "2026-10-24T23:30:00", 3, BERLIN) == ["10-25 00:00", "10-25 01:00", "10-25 02:00"]


def test_a_day_that_never_comes() -> None:
    """The grammar allows the 31st of February."""
    assert times("0 0 31 2 *", "2026-05-01T12:00:00", 1) == []


@given(
    text=st.sampled_from(["* * * * *", "7 * * * *", "0 3 * * 1-5", "@every 7m", "15 2 1,15 * *"]),
    start=st.integers(0, 365 * 24 * 3600).map(lambda s: utc("2026-01-01T00:00:00") + dt.timedelta(seconds=s)),
    length=st.integers(0, 300_000),
)
def test_only_the_last_of_the_missed_times_counts(text: str, start: dt.datetime, length: int) -> None:
    """Many or few, it is the last one up to now, and the next one comes after now and after it."""
    made = calendar(text, BERLIN)
    until = start + dt.timedelta(seconds=length)
    all_of_them = list(itertools.takewhile(lambda time: time <= until, made.after(start)))
    found = missed(made, start, until)
    assert found.many == (len(all_of_them) > 100)
    assert found.latest == (all_of_them[-1] if all_of_them else None)
    following = upcoming(made, start, until)
    assert following == list(itertools.islice(made.after(start), len(all_of_them) + 1))[-1]


def test_a_decade_of_missed_minutes_is_found_at_once() -> None:
    """A clock that was wrong by years must not keep the server busy."""
    found = missed(calendar("* * * * *"), utc("2016-01-01T00:00:00"), utc("2026-05-01T12:00:30"))
    assert (found.latest, found.many) == (utc("2026-05-01T12:00:00"), True)


def test_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name it is the server's: ``TZ``, or what the box is set to."""
    assert zone_of(None, BERLIN) is BERLIN
    assert zone_of("Asia/Tokyo", BERLIN) == ZoneInfo("Asia/Tokyo")
    with pytest.raises(ValueError, match="unknown time zone Mars/Base"):
        zone_of("Mars/Base", BERLIN)
    monkeypatch.setenv("TZ", ":Europe/Berlin")
    assert local_zone() == BERLIN
    monkeypatch.setenv("TZ", "Mars/Base")
    assert local_zone() == dt.UTC
