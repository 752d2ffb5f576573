"""Leases (``pkg/registry/coordination/lease``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.coordination.lease import Lease
from edgeorch.api.coordination.validation import validate_lease, validate_lease_update
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability


class LeaseStrategy(Strategy[Lease]):
    """Renewed every few seconds: a crash may lose the newest renewal, which comes again."""

    unconditional_update: ClassVar[bool] = False
    create_on_update: ClassVar[bool] = True
    durability: ClassVar[Durability] = Durability.SOFT

    def validate(self, obj: Lease) -> list[FieldError]:
        """Check a new lease."""
        return validate_lease(obj)

    def validate_update(self, new: Lease, old: Lease) -> list[FieldError]:
        """Check a changed lease."""
        return validate_lease_update(new, old)
