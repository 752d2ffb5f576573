"""Findings of validation, in the words of ``k8s.io/apimachinery/pkg/util/validation/field``.

Validation is plain functions that return lists of :class:`FieldError`; :func:`invalid` makes the answer
a client gets. The functions named after a kind of finding (:func:`required`, :func:`duplicate`...) are
how findings are made.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from edgeorch.errors import Cause, Invalid


class ErrorType(enum.StrEnum):
    """What is wrong; the value is the ``reason`` of the cause in a Status."""

    REQUIRED = "FieldValueRequired"
    INVALID = "FieldValueInvalid"
    WRONG_TYPE = "FieldValueTypeInvalid"
    DUPLICATE = "FieldValueDuplicate"
    NOT_SUPPORTED = "FieldValueNotSupported"
    FORBIDDEN = "FieldValueForbidden"
    TOO_LONG = "FieldValueTooLong"
    TOO_MANY = "FieldValueTooMany"
    NOT_FOUND = "FieldValueNotFound"


_WORDS = {
    ErrorType.REQUIRED: "Required value",
    ErrorType.INVALID: "Invalid value",
    ErrorType.WRONG_TYPE: "Invalid value",
    ErrorType.DUPLICATE: "Duplicate value",
    ErrorType.NOT_SUPPORTED: "Unsupported value",
    ErrorType.FORBIDDEN: "Forbidden",
    ErrorType.TOO_LONG: "Too long",
    ErrorType.TOO_MANY: "Too many",
    ErrorType.NOT_FOUND: "Not found",
}

_WITHOUT_VALUE = {ErrorType.REQUIRED, ErrorType.FORBIDDEN, ErrorType.TOO_LONG}


class Path(str):
    """Where a field is, such as ``spec.containers[0].image``."""

    __slots__ = ()

    def child(self, *names: str) -> Path:
        """Go to a member."""
        return Path(".".join((self, *names) if self else names))

    def at(self, number: int) -> Path:
        """Go to an element of a list."""
        return Path(f"{self}[{number}]")

    def key(self, key: str) -> Path:
        """Go to an entry of a map."""
        return Path(f"{self}[{key}]")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One finding about one field; ``str()`` is what kubectl prints."""

    type: ErrorType
    field: str
    value: Any = None
    detail: str = ""

    @property
    def body(self) -> str:
        """The finding without the field's name: the message of the cause in a Status."""
        text = _WORDS[self.type]
        if self.type not in _WITHOUT_VALUE:
            text += f": {_go(self.value)}"
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"


def _go(value: Any) -> str:
    # Go prints strings quoted and null for a nil pointer; what has members is shown as JSON.
    if hasattr(value, "to_dict"):
        value = value.to_dict()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def required(field: str, detail: str = "") -> FieldError:
    """Find that a value is missing."""
    return FieldError(ErrorType.REQUIRED, field, None, detail)


def bad(field: str, value: Any, detail: str) -> FieldError:
    """Find that a value is not allowed (``field.Invalid``)."""
    return FieldError(ErrorType.INVALID, field, value, detail)


def wrong_type(field: str, value: Any, detail: str) -> FieldError:
    """Find that a value is of another type (``field.TypeInvalid``)."""
    return FieldError(ErrorType.WRONG_TYPE, field, value, detail)


def duplicate(field: str, value: Any) -> FieldError:
    """Find that a value that must be unique is there twice."""
    return FieldError(ErrorType.DUPLICATE, field, value)


def not_supported(field: str, value: Any, valid: Sequence[str]) -> FieldError:
    """Find that a value is none of the known ones."""
    words = ", ".join(json.dumps(word) for word in valid)
    return FieldError(ErrorType.NOT_SUPPORTED, field, value, f"supported values: {words}" if words else "")


def forbidden(field: str, detail: str) -> FieldError:
    """Find that a field may not be set, or not be set so, here."""
    return FieldError(ErrorType.FORBIDDEN, field, None, detail)


def too_long(field: str, most: int) -> FieldError:
    """Find that a value has more than ``most`` bytes."""
    return FieldError(
        ErrorType.TOO_LONG, field, None, f"may not be more than {most} {'byte' if most == 1 else 'bytes'}"
    )


def too_many(field: str, there_are: int, most: int) -> FieldError:
    """Find that a list has more than ``most`` elements."""
    return FieldError(
        ErrorType.TOO_MANY, field, there_are, f"must have at most {most} {'item' if most == 1 else 'items'}"
    )


def not_found(field: str, value: Any) -> FieldError:
    """Find that a value refers to something that is not there."""
    return FieldError(ErrorType.NOT_FOUND, field, value)


def invalid(kind: str, name: str, errors: Iterable[FieldError], *, group: str = "") -> Invalid:
    """Make the 422 answer: ``Pod "x" is invalid: spec.containers[0].image: Required value``.

    Several findings stand in brackets, with commas between; the same finding is told once
    (``errors.NewInvalid``). Each is a cause of its own.
    """
    found = list(errors)
    texts = list(dict.fromkeys(str(error) for error in found))
    full_kind = f"{kind}.{group}" if group else kind
    message = f"{full_kind} {json.dumps(name, ensure_ascii=False)} is invalid"
    if texts:
        message += f": {texts[0]}" if len(texts) == 1 else f": [{', '.join(texts)}]"
    return Invalid(
        message,
        group=group,
        kind=kind,
        name=name,
        causes=tuple(Cause(str(error.type), error.body, error.field) for error in found),
    )
