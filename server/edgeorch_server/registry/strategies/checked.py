"""Kinds about which nothing is special but their defaults and their validation."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeVar

from edgeorch.api.meta import Object
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy

ObjectT = TypeVar("ObjectT", bound=Object)


def _nothing(_obj: Object) -> None:
    """Leave an object as it is."""


class Checked(Strategy[ObjectT]):
    """Defaults and checks with functions that are handed in."""

    def __init__(
        self,
        validate: Callable[[ObjectT], list[FieldError]],
        validate_update: Callable[[ObjectT, ObjectT], list[FieldError]],
        default: Callable[[ObjectT], None] = _nothing,
    ) -> None:
        self._validate = validate
        self._validate_update = validate_update
        self._default = default

    def default(self, obj: ObjectT) -> None:
        """Fill in the kind's defaults."""
        self._default(obj)

    def validate(self, obj: ObjectT) -> list[FieldError]:
        """Check a new object."""
        return self._validate(obj)

    def validate_update(self, new: ObjectT, old: ObjectT) -> list[FieldError]:
        """Check a changed object."""
        return self._validate_update(new, old)


class CheckedAndCounted(Checked[ObjectT]):
    """The same with a generation."""

    counts_generations: ClassVar[bool] = True


class NeverUnseen(Checked[ObjectT]):
    """The same without, and never overwritten unseen."""

    unconditional_update: ClassVar[bool] = False


class CountedNeverUnseen(CheckedAndCounted[ObjectT]):
    """Both."""

    unconditional_update: ClassVar[bool] = False
