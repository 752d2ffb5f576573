"""Quantities as apimachinery's resource.Quantity documents and tests them."""

from __future__ import annotations

import json
from decimal import ROUND_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edgeorch.api.meta import Model
from edgeorch.api.quantity import FORMAT_WRONG, NUMERIC_WRONG, SUFFIX_WRONG, Amount, Format, Quantity

CANONICAL = [
    ("0", "0"),
    ("0.0", "0"),
    ("0Ki", "0"),
    ("-0", "0"),
    ("1", "1"),
    ("+1", "1"),
    ("007", "7"),
    ("100m", "100m"),
    ("0.1", "100m"),
    (".5", "500m"),
    ("1.", "1"),
    ("1.5", "1500m"),
    ("1.500", "1500m"),
    ("1000m", "1"),
    ("1000", "1k"),
    ("1500", "1500"),
    ("1024", "1024"),
    ("12E", "12E"),
    ("1000E", "1e21"),
    ("1e3", "1e3"),
    ("1E3", "1e3"),
    ("12e6", "12e6"),
    ("1e4", "10e3"),
    ("1e-3", "1e-3"),
    ("5e0", "5"),
    ("1Ki", "1Ki"),
    ("1024Mi", "1Gi"),
    ("1.5Gi", "1536Mi"),
    ("0.5Ki", "512"),
    ("1023Ki", "1023Ki"),
    ("1048576Ki", "1Gi"),
    ("100u", "100u"),
    ("1000000n", "1m"),
    ("0.1n", "1n"),
    ("-0.1n", "-1n"),
    ("1.0000000001", "1000000001n"),
    ("-1.5", "-1500m"),
    ("-1536Ki", "-1536Ki"),
    ("9223372036854775807", "9223372036854775807"),
    ("100Ei", "9223372036854775807"),
    ("0.0001Ki", "102400u"),
    (" 1Gi ", "1Gi"),
]


@pytest.mark.parametrize(("text", "expected"), CANONICAL)
def test_canonical_form(text: str, expected: str) -> None:
    """No precision is lost, no fraction is written, and the suffix is the largest possible."""
    assert str(Amount.parse(text)) == expected
    assert str(Amount.parse(expected)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", FORMAT_WRONG),
        ("+", FORMAT_WRONG),
        (".", FORMAT_WRONG),
        ("m", FORMAT_WRONG),
        ("1.1.M", FORMAT_WRONG),
        ("1 Gi", FORMAT_WRONG),
        ("--1", FORMAT_WRONG),
        ("0x10", FORMAT_WRONG),
        ("1Gib", FORMAT_WRONG),
        ("nan", FORMAT_WRONG),
        ("\u0661", FORMAT_WRONG),
        ("1" * 200, FORMAT_WRONG),
        ("1K", SUFFIX_WRONG),
        ("1ki", SUFFIX_WRONG),
        ("1e", SUFFIX_WRONG),
        ("1e+", SUFFIX_WRONG),
        ("1mm", SUFFIX_WRONG),
        ("1+3", SUFFIX_WRONG),
        ("1e2000000000", NUMERIC_WRONG),
        ("1e-2000000000", NUMERIC_WRONG),
    ],
)
def test_refuses_in_kubernetes_words(text: str, message: str) -> None:
    """What is no quantity is refused with apimachinery's own message, in no time."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # the whole message is compared
        Amount.parse(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("text", "units", "millis"),
    [
        ("1", 1, 1000),
        ("1100m", 2, 1100),
        ("1n", 1, 1),
        ("-1100m", -2, -1100),
        ("-1n", -1, -1),
        ("1Gi", 2**30, 2**30 * 1000),
        ("0", 0, 0),
    ],
)
def test_whole_values_round_away_from_zero(text: str, units: int, millis: int) -> None:
    """Value and MilliValue round a fraction away from zero, so nobody gets less than they asked for."""
    amount = Amount.parse(text)
    assert (amount.value(), amount.milli_value()) == (units, millis)


def test_rounds_to_milli() -> None:
    """Resource lists are rounded up to thousandths by core/v1 defaulting."""
    assert str(Amount.parse("1u").rounded_to_milli()) == "1m"
    assert str(Amount.parse("1Gi").rounded_to_milli()) == "1Gi"


def test_a_zero_takes_over_the_notation() -> None:
    """Summing up from zero keeps the notation of what is summed (Quantity.Add)."""
    assert str(Amount() + Amount.parse("1Gi")) == "1Gi"
    assert str(Amount.parse("1Gi") + Amount.parse("1048576k")) == str(
        Amount.of(2**30 + 1048576000, Format.BINARY_SI)
    )
    assert str(Amount() - Amount.parse("1Gi")) == "-1Gi"


def test_compares_by_value() -> None:
    """Notation does not matter to comparisons and hashes."""
    assert Amount.parse("1000m") == Amount.parse("1")
    assert hash(Amount.parse("1Ki")) == hash(Amount.parse("1024"))
    assert Amount.parse("999m") < Amount.of(1) < Amount.parse("1Ki")
    assert Amount.of_milli(1500) == Amount.parse("1.5")
    assert not Amount()
    assert -Amount.of(2) * 3 == Amount.of(-6)


class _Resources(Model):
    limits: dict[str, Quantity]


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [("0.5", "500m"), (1, "1"), (0.5, "500m"), (2000, "2k"), (1e16, "10e15"), ("1024Mi", "1Gi")],
)
def test_models_hold_the_canonical_string(given_value: object, expected: str) -> None:
    """Strings and JSON numbers become the canonical string, in Python and JSON input alike."""
    assert _Resources.from_dict({"limits": {"cpu": given_value}}).limits["cpu"] == expected
    assert _Resources.from_json(json.dumps({"limits": {"cpu": given_value}})).to_dict() == {
        "limits": {"cpu": expected}
    }


@pytest.mark.parametrize("value", [True, None, [], {}, "abc", float("nan"), float("inf")])
def test_models_refuse_what_is_no_quantity(value: object) -> None:
    """A bool is no number here, and nonsense is a validation error, not another exception."""
    with pytest.raises(ValidationError):
        _Resources.from_dict({"limits": {"cpu": value}})


SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "e3", "e-4", "E5"]
numbers = st.decimals(min_value=-1000, max_value=1000, places=6, allow_nan=False, allow_infinity=False).map(
    lambda d: format(d, "f")
)
quantities = st.builds(lambda number, suffix: number + suffix, numbers, st.sampled_from(SUFFIXES))
POWERS = {
    "n": -9,
    "u": -6,
    "m": -3,
    "k": 3,
    "M": 6,
    "G": 9,
    "T": 12,
    "P": 15,
    "E": 18,
    "e3": 3,
    "e-4": -4,
    "E5": 5,
}


@given(quantities)
def test_canonical_form_is_a_fixed_point_of_the_same_value(text: str) -> None:
    """Writing and reading again changes neither the value nor the text."""
    amount = Amount.parse(text)
    assert Amount.parse(str(amount)) == amount
    assert str(Amount.parse(str(amount))) == str(amount)
    assert "." not in str(amount)


@given(numbers, st.sampled_from(SUFFIXES))
def test_agrees_with_decimal_arithmetic(number: str, suffix: str) -> None:
    """The value is number times suffix, rounded away from zero to nanos: checked with another arithmetic."""
    with localcontext(prec=60):
        if suffix.endswith("i"):
            factor = Decimal(1024) ** (("Ki", "Mi", "Gi", "Ti", "Pi").index(suffix) + 1)
        else:
            factor = Decimal(10) ** POWERS.get(suffix, 0)
        expected = (Decimal(number) * factor).quantize(Decimal("1e-9"), rounding=ROUND_UP)
        assert Amount.parse(number + suffix).nanos == int(expected.scaleb(9))


@given(quantities, quantities)
def test_arithmetic_is_exact(left: str, right: str) -> None:
    """Adding and taking away again gives the same amount, and order is order."""
    a, b = Amount.parse(left), Amount.parse(right)
    assert a + b - b == a
    assert a + b == b + a
    assert (a < b) == ((a - b).nanos < 0)


@given(st.text(max_size=40))
def test_garbage_raises_nothing_but_value_error(text: str) -> None:
    """Whatever the text, it is a quantity or a ValueError."""
    try:
        Amount.parse(text)
    except ValueError:
        return
