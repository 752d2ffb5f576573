"""``status``: what is known of an object, written by those who watch over it."""

from __future__ import annotations

from typing import TypeVar

from edgeorch.api.meta import Object
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability

ObjectT = TypeVar("ObjectT", bound=Object)


class Status:
    """The status, and (as in Kubernetes) labels, annotations and finalizers, but nothing of the spec."""

    name = "status"

    def prepare(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> None:
        """Leave the spec alone."""
        strategy.prepare_status(new, old)

    def validate(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> list[FieldError]:
        """Check the status as the kind does."""
        return strategy.validate_status(new, old)

    def durability(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> Durability:
        """Store a bare status as the kind says; metadata is what a user wrote, and durable."""
        managed = {"managedFields": old.metadata.managedFields}
        bare = new.metadata.model_copy(update=managed) == old.metadata
        return strategy.status_durability if bare else strategy.durability
