"""Ingresses (``pkg/registry/networking/ingress``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.networking.ingress import Ingress, IngressStatus
from edgeorch.api.networking.validation import (
    validate_ingress,
    validate_ingress_status_update,
    validate_ingress_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy


class IngressStrategy(Strategy[Ingress]):
    """The status says where the world gets in."""

    counts_generations: ClassVar[bool] = True

    def prepare_create(self, obj: Ingress) -> None:
        """Start without a way in."""
        obj.status = IngressStatus()

    def prepare_update(self, new: Ingress, old: Ingress) -> None:
        """Leave the status to its own subresource."""
        new.status = old.status

    def prepare_status(self, new: Ingress, old: Ingress) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def validate(self, obj: Ingress) -> list[FieldError]:
        """Check a new Ingress."""
        return validate_ingress(obj)

    def validate_update(self, new: Ingress, old: Ingress) -> list[FieldError]:
        """Check a changed Ingress."""
        return validate_ingress_update(new, old)

    def validate_status(self, new: Ingress, old: Ingress) -> list[FieldError]:
        """Check a changed status."""
        return validate_ingress_status_update(new, old)
