"""``finalize``: how the namespace controller says that a namespace has been emptied."""

from __future__ import annotations

from typing import TypeVar

from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.validation import validate_namespace_finalize
from edgeorch.api.meta import Object
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability

ObjectT = TypeVar("ObjectT", bound=Object)


class Finalize:
    """A namespace's ``spec.finalizers``, which nothing else writes."""

    name = "finalize"

    def prepare(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> None:
        """Leave the status alone, and keep the finalizers that are being written."""
        wanted = list(new.spec.finalizers) if isinstance(new, Namespace) else []
        strategy.prepare_update(new, old)
        if isinstance(new, Namespace):
            new.spec.finalizers = wanted

    def validate(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> list[FieldError]:
        """Check the names of the finalizers."""
        if isinstance(new, Namespace) and isinstance(old, Namespace):
            return validate_namespace_finalize(new, old)
        return strategy.validate_update(new, old)

    def durability(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> Durability:  # noqa: ARG002 - protocol
        """Store it as the kind says."""
        return strategy.durability
