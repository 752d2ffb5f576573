"""Numbers that may be percentages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.int_or_string import (
    PERCENT_RULE,
    is_zero,
    scaled,
    validate_at_most_whole,
    validate_int_or_percent,
)
from edgeorch.api.validation import Path

HERE = Path("here")


@pytest.mark.parametrize(
    ("value", "total", "up", "down"),
    [
        (3, 10, 3, 3),
        ("25%", 4, 1, 1),
        ("25%", 10, 3, 2),
        ("0%", 10, 0, 0),
        ("100%", 7, 7, 7),
        ("150%", 3, 5, 4),
    ],
)
def test_scaled(value: int | str, total: int, up: int, down: int) -> None:
    """Deployment, maxUnavailable and maxSurge: percentages are rounded down and up."""
    assert (scaled(value, total, round_up=True), scaled(value, total, round_up=False)) == (up, down)


@given(percent=st.integers(0, 100), total=st.integers(0, 2**31))
def test_parts(percent: int, total: int) -> None:
    """A part of the whole is never more than the whole, and the roundings differ by one at most."""
    up, down = (scaled(f"{percent}%", total, round_up=up) for up in (True, False))
    assert 0 <= down <= up <= total
    assert up - down <= 1


def test_no_percentage() -> None:
    """Validation keeps such values out; nothing is made of them by guessing."""
    with pytest.raises(ValueError, match="'many' is no percentage"):
        scaled("many", 3, round_up=True)


@pytest.mark.parametrize(("value", "zero"), [(0, True), ("0%", True), ("00%", True), (1, False), ("1%", False)])
def test_is_zero(value: int | str, zero: bool) -> None:
    """Nothing of anything."""
    assert is_zero(value) is zero


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0, ""),
        ("0%", ""),
        ("500%", ""),
        (-1, "here: Invalid value: -1: must be greater than or equal to 0"),
        ("5", f'here: Invalid value: "5": {PERCENT_RULE}'),
        ("-5%", f'here: Invalid value: "-5%": {PERCENT_RULE}'),
        ("\u0665%", f'here: Invalid value: "\u0665%": {PERCENT_RULE}'),
    ],
)
def test_validation(value: int | str, error: str) -> None:
    """A number from 0 on, or a percentage."""
    assert [str(found) for found in validate_int_or_percent(value, HERE)] == ([error] if error else [])


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (200, ""),
        ("100%", ""),
        ("101%", 'here: Invalid value: "101%": must not be greater than 100%'),
    ],
)
def test_at_most_whole(value: int | str, error: str) -> None:
    """What cannot be more than all of it."""
    assert [str(found) for found in validate_at_most_whole(value, HERE)] == ([error] if error else [])
