"""The schedule of a CronJob: five fields as in cron, or a descriptor (``@hourly``, ``@every 90m``).

The grammar, and what is said of an error, are those of the parser that Kubernetes uses (``robfig/cron``,
``ParseStandard``): Sunday is 0 and not 7, and there is no ``L`` or ``#``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from edgeorch.api.durations import parse_duration

_NUMBER = re.compile("[+-]?[0-9]+", re.ASCII)
_FIELDS = 5
_PARTS = 2

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = "@every "


@dataclass(frozen=True, slots=True)
class Field:
    """What one of the five fields allows."""

    numbers: frozenset[int]
    any: bool
    """It says that it does not matter: of day of month and day of week then the other one decides alone."""


@dataclass(frozen=True, slots=True)
class Crontab:
    """Times of day on some days."""

    minute: Field
    hour: Field
    day: Field
    month: Field
    weekday: Field
    """Sunday is 0."""


@dataclass(frozen=True, slots=True)
class Every:
    """A fixed time after the last time."""

    seconds: int


Schedule = Crontab | Every


@dataclass(frozen=True, slots=True)
class _Bounds:
    least: int
    most: int
    names: Mapping[str, int]


_BOUNDS = (
    _Bounds(0, 59, {}),
    _Bounds(0, 23, {}),
    _Bounds(1, 31, {}),
    _Bounds(1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Bounds(0, 6, {name: number for number, name in enumerate(_DAYS)}),
)


def parse_schedule(text: str) -> Schedule:
    """Read a schedule; raises ValueError with the sentence that Kubernetes says."""
    if not text:
        raise ValueError("empty spec string")
    if text.startswith("@"):
        if text.startswith(_EVERY):
            return _every(text)
        if text not in _DESCRIPTORS:
            raise ValueError(f"unrecognized descriptor: {text}")
        text = _DESCRIPTORS[text]
    fields = text.split()
    if len(fields) != _FIELDS:
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    return Crontab(*(_field(field, bounds) for field, bounds in zip(fields, _BOUNDS, strict=True)))


def _every(text: str) -> Every:
    try:
        length = parse_duration(text.removeprefix(_EVERY))
    except ValueError as exc:
        raise ValueError(f"failed to parse duration {text}: {exc}") from exc
    return Every(max(int(length.total_seconds()), 1))


def _field(text: str, bounds: _Bounds) -> Field:
    numbers: set[int] = set()
    unlimited = False
    for part in filter(None, text.split(",")):
        found, whatever = _range(part, bounds)
        numbers.update(found)
        unlimited |= whatever
    return Field(frozenset(numbers), unlimited)


def _range(text: str, bounds: _Bounds) -> tuple[range, bool]:
    """Read ``*``, ``5``, ``1-5`` or one of these with a step (``*/2``)."""
    span, *steps = text.split("/")
    ends = span.split("-")
    whatever = ends[0] in {"*", "?"}
    if whatever:
        first, last = bounds.least, bounds.most
    elif len(ends) > _PARTS:
        raise ValueError(f"too many hyphens: {text}")
    else:
        first, last = (_number(end, bounds.names) for end in (ends[0], ends[-1]))
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {text}")
    step = _number(steps[0], {}) if steps else 1
    if steps and len(ends) == 1:
        last = bounds.most
    if first < bounds.least:
        raise ValueError(f"beginning of range ({first}) below minimum ({bounds.least}): {text}")
    if last > bounds.most:
        raise ValueError(f"end of range ({last}) above maximum ({bounds.most}): {text}")
    if first > last:
        raise ValueError(f"beginning of range ({first}) beyond end of range ({last}): {text}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {text}")
    return range(first, last + 1, step), whatever and step == 1


def _number(text: str, names: Mapping[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not _NUMBER.fullmatch(text):
        quoted = json.dumps(text, ensure_ascii=False)
        raise ValueError(f"failed to parse int from {text}: strconv.Atoi: parsing {quoted}: invalid syntax")
    number = int(text)
    if number < 0:
        raise ValueError(f"negative number ({number}) not allowed: {text}")
    return number
