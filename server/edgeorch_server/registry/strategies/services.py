"""Services (``pkg/registry/core/service/strategy.go``); what they get of the cluster is admission's to give."""

from __future__ import annotations

from edgeorch.api.core.service import Service, ServiceStatus
from edgeorch.api.core.service_defaults import default_service
from edgeorch.api.core.validation.services import (
    validate_service,
    validate_service_status_update,
    validate_service_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy


class ServiceStrategy(Strategy[Service]):
    """The status says what a load balancer did."""

    def default(self, obj: Service) -> None:
        """Fill in what does not depend on the cluster."""
        default_service(obj)

    def prepare_create(self, obj: Service) -> None:
        """Start without a load balancer."""
        obj.status = ServiceStatus()

    def prepare_update(self, new: Service, old: Service) -> None:
        """Leave the status to its own subresource."""
        new.status = old.status

    def prepare_status(self, new: Service, old: Service) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def validate(self, obj: Service) -> list[FieldError]:
        """Check a new Service."""
        return validate_service(obj)

    def validate_update(self, new: Service, old: Service) -> list[FieldError]:
        """Check a changed Service."""
        return validate_service_update(new, old)

    def validate_status(self, new: Service, old: Service) -> list[FieldError]:
        """Check a changed status."""
        return validate_service_status_update(new, old)
