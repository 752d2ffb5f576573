"""PersistentVolumeClaims (``pkg/registry/core/persistentvolumeclaim/strategy.go``)."""

from __future__ import annotations

from edgeorch.api.core.defaults import default_claim, normalize_data_sources
from edgeorch.api.core.persistent_volume_claim import (
    PENDING,
    PersistentVolumeClaim,
    PersistentVolumeClaimStatus,
)
from edgeorch.api.core.validation import validate_claim, validate_claim_status_update, validate_claim_update
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy


class PersistentVolumeClaimStrategy(Strategy[PersistentVolumeClaim]):
    """What volume a claim has got is written into its status, durably."""

    def default(self, obj: PersistentVolumeClaim) -> None:
        """Want a file system, and be pending."""
        default_claim(obj)

    def prepare_create(self, obj: PersistentVolumeClaim) -> None:
        """Start without a volume."""
        normalize_data_sources(obj)
        obj.status = PersistentVolumeClaimStatus(phase=PENDING)

    def prepare_update(self, new: PersistentVolumeClaim, old: PersistentVolumeClaim) -> None:
        """Leave the status to its own subresource."""
        normalize_data_sources(new)
        new.status = old.status

    def prepare_status(self, new: PersistentVolumeClaim, old: PersistentVolumeClaim) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def validate(self, obj: PersistentVolumeClaim) -> list[FieldError]:
        """Check a new claim."""
        return validate_claim(obj)

    def validate_update(self, new: PersistentVolumeClaim, old: PersistentVolumeClaim) -> list[FieldError]:
        """Check a changed claim."""
        return validate_claim_update(new, old)

    def validate_status(self, new: PersistentVolumeClaim, old: PersistentVolumeClaim) -> list[FieldError]:
        """Check a changed status."""
        return validate_claim_status_update(new, old)
