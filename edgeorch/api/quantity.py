"""Amounts of resources, as ``k8s.io/apimachinery/pkg/api/resource`` reads and writes them.

On the wire and in the models a quantity is its canonical string (:data:`Quantity`); for arithmetic there is
:class:`Amount`, exact integers all the way. Kubernetes rounds whatever is finer than a nano up to one nano,
so an amount is a whole number of nanos and the notation it was written in.

One difference: apimachinery keeps the writer's text in a few cases that its short cut takes for canonical
(``1.500``, ``+5``); here every quantity is canonical (``1500m``, ``5``).
"""

from __future__ import annotations

import enum
import functools
import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from pydantic import BeforeValidator

FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
NUMERIC_WRONG = "unable to parse numeric part of quantity"
SUFFIX_WRONG = "unable to parse quantity's suffix"

_SHAPE = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {power: suffix for suffix, power in _DECIMAL.items()}
_BINARY_SUFFIXES = ("", *_BINARY)

_NANO_DIGITS = 9
_NANOS = 10**_NANO_DIGITS
_MILLIS = 10**6
_MAX_BINARY = (2**63 - 1) * _NANOS
"""Kubernetes caps what is written with a binary suffix at the largest int64."""

_MAX_LENGTH = 128
_MAX_EXPONENT = 512
"""Limits that no honest quantity meets: ``1e2000000000`` would need 2 GB to write out."""


class Format(enum.Enum):
    """The notation a quantity was written in, and is written back in."""

    DECIMAL_SI = "DecimalSI"
    """``100m``, ``2k``."""
    DECIMAL_EXPONENT = "DecimalExponent"
    """``12e6``."""
    BINARY_SI = "BinarySI"
    """``1Gi``."""


@dataclass(frozen=True, slots=True, order=True)
class Amount:
    """An exact quantity; compares by value, whatever the notation."""

    nanos: int = 0
    """The value in billionths."""
    format: Format = field(default=Format.DECIMAL_SI, compare=False)
    """Notation for :meth:`__str__`."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a quantity; raises ValueError with apimachinery's text."""
        text = text.strip()
        shape = _SHAPE.fullmatch(text) if len(text) <= _MAX_LENGTH else None
        if shape is None:
            raise ValueError(FORMAT_WRONG)
        sign, whole, fraction, suffix = shape.groups(default="")
        if not whole and not fraction:
            raise ValueError(FORMAT_WRONG)
        digits, power = int(whole + fraction), -len(fraction)
        binary, notation = 0, Format.DECIMAL_SI
        if (known := _DECIMAL.get(suffix)) is not None:
            power += known
        elif (known := _BINARY.get(suffix)) is not None:
            binary, notation = known, Format.BINARY_SI
        elif exponent := _EXPONENT.fullmatch(suffix):
            power, notation = power + int(exponent[1]), Format.DECIMAL_EXPONENT
        else:
            raise ValueError(SUFFIX_WRONG)
        if abs(power) > _MAX_EXPONENT:
            raise ValueError(NUMERIC_WRONG)
        nanos = _scale_up(digits << binary, power + _NANO_DIGITS)
        if notation is Format.BINARY_SI:
            nanos = min(nanos, _MAX_BINARY)
        return cls(-nanos if sign == "-" else nanos, notation)

    @classmethod
    def of(cls, value: int, notation: Format = Format.DECIMAL_SI) -> Self:
        """Make an amount of ``value`` whole units."""
        return cls(value * _NANOS, notation)

    @classmethod
    def of_milli(cls, value: int) -> Self:
        """Make an amount of ``value`` thousandths (millicores)."""
        return cls(value * _MILLIS)

    def __str__(self) -> str:
        """Write the canonical form: no precision lost, no fraction, the largest possible suffix."""
        if self.nanos == 0:
            return "0"
        if self.format is Format.BINARY_SI and abs(self.nanos) >= 1024 * _NANOS and self.nanos % _NANOS == 0:
            return _binary_text(self.nanos // _NANOS)
        return _decimal_text(self.nanos, exponents=self.format is Format.DECIMAL_EXPONENT)

    def __bool__(self) -> bool:
        return self.nanos != 0

    def __add__(self, other: Self) -> Self:
        return type(self)(self.nanos + other.nanos, self._format_with(other))

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.nanos - other.nanos, self._format_with(other))

    def __mul__(self, times: int) -> Self:
        return type(self)(self.nanos * times, self.format)

    def __neg__(self) -> Self:
        return type(self)(-self.nanos, self.format)

    def value(self) -> int:
        """Give whole units, a fraction rounded away from zero (``Quantity.Value``)."""
        return _divide_up(self.nanos, _NANOS)

    def milli_value(self) -> int:
        """Give thousandths, a fraction of them rounded away from zero (``Quantity.MilliValue``)."""
        return _divide_up(self.nanos, _MILLIS)

    def rounded_to_milli(self) -> Self:
        """Round up to thousandths, as core/v1 defaulting does with every resource list."""
        return type(self)(self.milli_value() * _MILLIS, self.format)

    def _format_with(self, other: Self) -> Format:
        # Kubernetes: a zero takes over the notation of what is added to it.
        return self.format if self.nanos else other.format


def _divide_up(number: int, by: int) -> int:
    return -(-number // by) if number >= 0 else number // by


def _scale_up(number: int, power: int) -> int:
    return number * 10**power if power >= 0 else _divide_up(number, 10**-power)


def _binary_text(units: int) -> str:
    power = 0
    while power < len(_BINARY_SUFFIXES) - 1 and units % 1024 == 0:
        units //= 1024
        power += 1
    return f"{units}{_BINARY_SUFFIXES[power]}"


def _decimal_text(nanos: int, *, exponents: bool) -> str:
    digits, power = nanos, -_NANO_DIGITS
    while digits % 1000 == 0:
        digits //= 1000
        power += 3
    suffix = None if exponents else _DECIMAL_SUFFIX.get(power)
    if suffix is None:
        # There is no SI suffix above E (10^18): apimachinery falls back to an exponent there.
        suffix = f"e{power}" if power else ""
    return f"{digits}{suffix}"


@functools.lru_cache(maxsize=1024)
def canonical(text: str) -> str:
    """Give the canonical form of a quantity; raises ValueError. Cached: a cluster uses few distinct ones."""
    return str(Amount.parse(text))


def _validate(value: Any) -> Any:
    # Kubernetes takes JSON numbers too (`cpu: 1`); what is neither falls through to the type error of `str`.
    if isinstance(value, str):
        return canonical(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return canonical(repr(value))
    return value


Quantity = Annotated[str, BeforeValidator(_validate)]
"""A quantity in a model: accepts strings and numbers, always holds the canonical string."""
