"""HorizontalPodAutoscalers (``pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.autoscaling.defaults import default_horizontal_pod_autoscaler
from edgeorch.api.autoscaling.horizontal_pod_autoscaler import (
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerStatus,
)
from edgeorch.api.autoscaling.validation import (
    validate_horizontal_pod_autoscaler,
    validate_horizontal_pod_autoscaler_status_update,
    validate_horizontal_pod_autoscaler_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability


class HorizontalPodAutoscalerStrategy(Strategy[HorizontalPodAutoscaler]):
    """The status follows from what is measured, so a crash may lose the newest."""

    status_durability: ClassVar[Durability] = Durability.SOFT

    def default(self, obj: HorizontalPodAutoscaler) -> None:
        """Keep at least one pod, and scale by processor time."""
        default_horizontal_pod_autoscaler(obj)

    def prepare_create(self, obj: HorizontalPodAutoscaler) -> None:
        """Start without knowing anything."""
        obj.status = HorizontalPodAutoscalerStatus(desiredReplicas=0)

    def prepare_update(self, new: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler) -> None:
        """Leave the status to its own subresource."""
        new.status = old.status

    def prepare_status(self, new: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def validate(self, obj: HorizontalPodAutoscaler) -> list[FieldError]:
        """Check a new autoscaler."""
        return validate_horizontal_pod_autoscaler(obj)

    def validate_update(self, new: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler) -> list[FieldError]:
        """Check a changed autoscaler."""
        return validate_horizontal_pod_autoscaler_update(new, old)

    def validate_status(self, new: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler) -> list[FieldError]:
        """Check a changed status."""
        return validate_horizontal_pod_autoscaler_status_update(new, old)
