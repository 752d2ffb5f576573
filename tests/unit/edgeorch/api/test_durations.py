"""Durations in Go's and kubectl's notations."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.durations import format_duration, human_duration, parse_duration

SECOND, MINUTE, HOUR, DAY, YEAR = 1, 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("5s", 5),
        ("1h2m3s", 3723),
        ("1.5h", 5400),
        (".5m", 30),
        ("1.s", 1),
        ("300ms", 0.3),
        ("10us", 0.00001),
        ("10µs", 0.00001),
        ("1500000ns", 0.0015),
        ("-1m30s", -90),
        ("+5s", 5),
        ("3s1h", 3603),
    ],
)
def test_reads_go_notation(text: str, seconds: float) -> None:
    """Everything time.ParseDuration takes is read, in any order of units."""
    assert parse_duration(text) == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("-", 'time: invalid duration "-"'),
        (".s", 'time: invalid duration ".s"'),
        ("s", 'time: invalid duration "s"'),
        ("1", 'time: missing unit in duration "1"'),
        ("1h5", 'time: missing unit in duration "1h5"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("1 s", 'time: unknown unit " s" in duration "1 s"'),
        ("--1s", 'time: invalid duration "--1s"'),
        ("9999999h", 'time: invalid duration "9999999h"'),
        ("9" * 90 + "s", f'time: invalid duration "{"9" * 64}"'),
    ],
)
def test_refuses_in_go_words(text: str, message: str) -> None:
    """What is no duration is refused with time.ParseDuration's message."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # the whole message is compared
        parse_duration(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.000005, "5µs"),
        (0.3, "300ms"),
        (0.0015, "1.5ms"),
        (1.5, "1.5s"),
        (90, "1m30s"),
        (3600, "1h0m0s"),
        (-90, "-1m30s"),
        (3723.000001, "1h2m3.000001s"),
    ],
)
def test_writes_go_notation(seconds: float, text: str) -> None:
    """Duration.String's notation, zero minutes and seconds after an hour included."""
    assert format_duration(dt.timedelta(seconds=seconds)) == text


@given(st.timedeltas(min_value=-dt.timedelta(days=30000), max_value=dt.timedelta(days=30000)))
def test_go_notation_round_trips(duration: dt.timedelta) -> None:
    """What is written reads back as the same duration, to the microsecond."""
    assert parse_duration(format_duration(duration)) == duration


@given(st.text(max_size=20) | st.text("0123456789.hmsnuµ+-", max_size=20))
def test_garbage_raises_nothing_but_value_error(text: str) -> None:
    """Whatever the text, it is a duration or a ValueError."""
    try:
        parse_duration(text)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-1.9, "0s"),
        (-0.5, "0s"),
        (0, "0s"),
        (119, "119s"),
        (2 * MINUTE, "2m"),
        (5 * MINUTE + 12, "5m12s"),
        (10 * MINUTE + 59, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + 5 * MINUTE, "3h5m"),
        (8 * HOUR + 5 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY, "2d"),
        (3 * DAY + 4 * HOUR, "3d4h"),
        (8 * DAY + 4 * HOUR, "8d"),
        (2 * YEAR - 1, "729d"),
        (2 * YEAR, "2y"),
        (2 * YEAR + 3 * DAY, "2y3d"),
        (8 * YEAR + 3 * DAY, "8y"),
    ],
)
def test_ages_read_like_kubectl(seconds: float, text: str) -> None:
    """Each step of duration.HumanDuration, at its borders."""
    assert human_duration(dt.timedelta(seconds=seconds)) == text
