"""Events (``pkg/registry/core/event``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.core.event import Event
from edgeorch.api.core.validation import validate_event, validate_event_update
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability


class EventStrategy(Strategy[Event]):
    """Many, short-lived, owned by and owning nothing; a crash may lose the newest."""

    create_on_update: ClassVar[bool] = True
    has_dependents: ClassVar[bool] = False
    durability: ClassVar[Durability] = Durability.SOFT

    def validate(self, obj: Event) -> list[FieldError]:
        """Check a new event."""
        return validate_event(obj)

    def validate_update(self, new: Event, old: Event) -> list[FieldError]:
        """Check a changed event."""
        return validate_event_update(new, old)
