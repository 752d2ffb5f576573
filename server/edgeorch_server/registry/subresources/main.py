"""The object itself: what PUT and PATCH without a subresource write."""

from __future__ import annotations

from typing import TypeVar

from edgeorch.api.meta import Object
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability

ObjectT = TypeVar("ObjectT", bound=Object)


class Main:
    """Everything but the status, which stays as it is stored."""

    name = ""

    def prepare(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> None:
        """Leave the status alone, and count the generation when the spec changes."""
        strategy.prepare_update(new, old)
        if strategy.counts_generations and strategy.desired(new) != strategy.desired(old):
            new.metadata.generation += 1

    def validate(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> list[FieldError]:
        """Check the change as the kind does."""
        return strategy.validate_update(new, old)

    def durability(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> Durability:  # noqa: ARG002 - protocol
        """Store it as the kind says."""
        return strategy.durability
