"""Durations as Go and kubectl write them.

Go's own notation (``1h2m3s``, ``300ms``) stands in flags, configuration and a few API fields; the short one
of ``k8s.io/apimachinery/pkg/util/duration`` (``5m12s``, ``3d4h``) is what Tables show as an age.
"""

from __future__ import annotations

import datetime as dt
import re

_MICROSECONDS = {
    "ns": 0.001,
    "us": 1,
    "\u00b5s": 1,  # micro sign
    "\u03bcs": 1,  # Greek mu
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
}
_MAX_MICROSECONDS = (2**63 - 1) // 1000
"""Go counts nanoseconds in an int64: about 292 years."""

_PART = re.compile(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)", re.ASCII)
_MAX_LENGTH = 64


def parse_duration(text: str) -> dt.timedelta:
    """Read Go's notation (``time.ParseDuration``) to the microsecond; raises ValueError in Go's words."""
    wrong = ValueError(f'time: invalid duration "{text[:_MAX_LENGTH]}"')
    if len(text) > _MAX_LENGTH:
        raise wrong
    rest = text[1:] if text[:1] in {"+", "-"} else text
    if rest == "0":
        return dt.timedelta()
    if not rest:
        raise wrong
    total: float = 0
    while rest:
        part = _PART.match(rest)
        if part is None or (not part[1] and (part[2] or ".") == "."):
            raise wrong
        if not part[3]:
            raise ValueError(f'time: missing unit in duration "{text}"')
        unit = _MICROSECONDS.get(part[3])
        if unit is None:
            raise ValueError(f'time: unknown unit "{part[3]}" in duration "{text}"')
        total += int(part[1] or 0) * unit + (float("0" + part[2]) * unit if part[2] else 0)
        rest = rest[part.end() :]
    if total > _MAX_MICROSECONDS:
        raise wrong
    return dt.timedelta(microseconds=-round(total) if text[0] == "-" else round(total))


def format_duration(duration: dt.timedelta) -> str:
    """Write Go's notation (``Duration.String``): ``1h2m3s``, ``1.5s``, ``300ms``, ``0s``."""
    microseconds = duration // dt.timedelta(microseconds=1)
    if microseconds == 0:
        return "0s"
    sign, microseconds = ("-", -microseconds) if microseconds < 0 else ("", microseconds)
    if microseconds < _MICROSECONDS["ms"]:
        return f"{sign}{microseconds}\u00b5s"
    if microseconds < _MICROSECONDS["s"]:
        return f"{sign}{_fraction(microseconds, 1_000)}ms"
    minutes, rest = divmod(microseconds, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{_fraction(rest, 1_000_000)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else f"{sign}{text}"


def _fraction(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    if not rest:
        return str(whole)
    digits = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}"


_SECOND, _MINUTE, _HOUR, _DAY, _YEAR = 1, 60, 3600, 24 * 3600, 365 * 24 * 3600
_UNITS = {_SECOND: "s", _MINUTE: "m", _HOUR: "h", _DAY: "d", _YEAR: "y"}
_STEPS = (
    (2 * _MINUTE, _SECOND, 0),
    (10 * _MINUTE, _MINUTE, _SECOND),
    (3 * _HOUR, _MINUTE, 0),
    (8 * _HOUR, _HOUR, _MINUTE),
    (48 * _HOUR, _HOUR, 0),
    (8 * _DAY, _DAY, _HOUR),
    (2 * _YEAR, _DAY, 0),
    (8 * _YEAR, _YEAR, _DAY),
)
"""Ages below the first are shown in the second and, if there is one and it is not 0, the third unit."""


def human_duration(duration: dt.timedelta) -> str:
    """Write an age as kubectl shows it (``duration.HumanDuration``): two units at most, fewer as it grows.

    A clock that is up to two seconds behind counts as now; what lies further ahead is ``<invalid>``.
    """
    # Go truncates towards zero, Python floors: a negative fraction of a second must not become -1.
    seconds = int(duration / dt.timedelta(seconds=1))
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    large, small = next(((large, small) for limit, large, small in _STEPS if seconds < limit), (_YEAR, 0))
    text = f"{seconds // large}{_UNITS[large]}"
    rest = seconds % large // small if small else 0
    return f"{text}{rest}{_UNITS[small]}" if rest else text
