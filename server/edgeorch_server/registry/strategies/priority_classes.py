"""Priority classes (``pkg/registry/scheduling/priorityclass``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.scheduling.priority_class import PriorityClass, default_priority_class
from edgeorch.api.scheduling.validation import validate_priority_class, validate_priority_class_update
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy


class PriorityClassStrategy(Strategy[PriorityClass]):
    """The generation stays what it was on creation: there is no spec to count the changes of."""

    counts_generations: ClassVar[bool] = True

    def default(self, obj: PriorityClass) -> None:
        """Let its pods preempt others."""
        default_priority_class(obj)

    def validate(self, obj: PriorityClass) -> list[FieldError]:
        """Check a new class."""
        return validate_priority_class(obj)

    def validate_update(self, new: PriorityClass, old: PriorityClass) -> list[FieldError]:
        """Check a changed class."""
        return validate_priority_class_update(new, old)
