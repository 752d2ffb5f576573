"""The grammar of schedules, as ``robfig/cron`` has it."""

from __future__ import annotations

import pytest

from edgeorch.api.batch.schedule import Crontab, Every, Field, parse_schedule


def numbers(text: str) -> list[list[int] | str]:
    schedule = parse_schedule(text)
    assert isinstance(schedule, Crontab)
    fields: list[Field] = [
        schedule.minute,
        schedule.hour,
        schedule.day,
        schedule.month,
        schedule.weekday,
    ]
    return ["*" if field.any else sorted(field.numbers) for field in fields]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/20 9-17/4 1,15 jan-MAR Sun,5", [[0, 20, 40], [9, 13, 17], [1, 15], [1, 2, 3], [0, 5]]),
        ("5 4 ? * ?", [[5], [4], "*", "*", "*"]),
        ("50/5 */1 * * *", [[50, 55], "*", "*", "*", "*"]),
        ("0 0 */15 * 1", [[0], [0], [1, 16, 31], "*", [1]]),
        ("@hourly", [[0], "*", "*", "*", "*"]),
        ("@weekly", [[0], [0], "*", "*", [0]]),
        ("@annually", [[0], [0], [1], [1], "*"]),
    ],
)
def test_fields(text: str, expected: list[list[int] | str]) -> None:
    """Lists, ranges, steps, names and descriptors; only a plain star says that a field does not matter."""
    assert numbers(text) == expected


@pytest.mark.parametrize(("text", "seconds"), [("@every 1h30m", 5400), ("@every 1.9s", 1), ("@every 1ms", 1)])
def test_every(text: str, seconds: int) -> None:
    """Whole seconds, and never less than one."""
    assert parse_schedule(text) == Every(seconds)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty spec string"),
        ("nonsense", "expected exactly 5 fields, found 1: [nonsense]"),
        ("0 0 * * * *", "expected exactly 5 fields, found 6: [0 0 * * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("* 9-5 * * *", "beginning of range (9) beyond end of range (5): 9-5"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("*/2/3 * * * *", "too many slashes: */2/3"),
        ("* * L * *", 'failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax'),
        ("*/-5 * * * *", "negative number (-5) not allowed: -5"),
        ("@noon", "unrecognized descriptor: @noon"),
        ("@every day", 'failed to parse duration @every day: time: invalid duration "day"'),
    ],
)
def test_errors(text: str, why: str) -> None:
    """What is wrong is said in the words of Kubernetes' parser."""
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse_schedule(text)
    assert str(caught.value) == why
