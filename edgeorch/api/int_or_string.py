"""Numbers that may be written as a percentage of something (``k8s.io/apimachinery/pkg/util/intstr``)."""

from __future__ import annotations

import re

from edgeorch.api.meta import IntOrString
from edgeorch.api.meta_validation import NEGATIVE
from edgeorch.api.validation import FieldError, Path, bad

_PERCENT = "[0-9]+%"
_IS_PERCENT = re.compile(_PERCENT, re.ASCII)
PERCENT_RULE = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
    f"regex used for validation is '{_PERCENT}')"
)
_WHOLE = 100


def scaled(value: IntOrString, total: int, *, round_up: bool) -> int:
    """Give a number as it is, and a percentage as its part of ``total`` (``GetScaledValueFromIntOrPercent``).

    Raises ValueError for a string that is no percentage; validation refuses those.
    """
    if isinstance(value, int):
        return value
    if not _IS_PERCENT.fullmatch(value):
        raise ValueError(f"{value!r} is no percentage")
    part = int(value[:-1]) * total
    return -(-part // _WHOLE) if round_up else part // _WHOLE


def is_zero(value: IntOrString) -> bool:
    """Whether it is nothing, of whatever total."""
    return value == 0 or (
        isinstance(value, str) and bool(_IS_PERCENT.fullmatch(value)) and int(value[:-1]) == 0
    )


def validate_int_or_percent(value: IntOrString, path: Path) -> list[FieldError]:
    """Check that it is a number that is not negative, or a percentage (``ValidatePositiveIntOrPercent``)."""
    if isinstance(value, int):
        return [bad(path, value, NEGATIVE)] if value < 0 else []
    return [] if _IS_PERCENT.fullmatch(value) else [bad(path, value, PERCENT_RULE)]


def validate_at_most_whole(value: IntOrString, path: Path) -> list[FieldError]:
    """Check that a percentage is no more than everything (``IsNotMoreThan100Percent``)."""
    if isinstance(value, str) and _IS_PERCENT.fullmatch(value) and int(value[:-1]) > _WHOLE:
        return [bad(path, value, "must not be greater than 100%")]
    return []
