"""PersistentVolumes (``pkg/registry/core/persistentvolume``)."""

from __future__ import annotations

from edgeorch.api.core.persistent_volume import PersistentVolume, PersistentVolumeStatus
from edgeorch.api.core.validation.persistent_volumes import (
    default_volume,
    validate_volume,
    validate_volume_update,
)
from edgeorch.api.meta_validation import validate_meta_update
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy


class PersistentVolumeStrategy(Strategy[PersistentVolume]):
    """Whether it is bound is written into the status, durably."""

    def default(self, obj: PersistentVolume) -> None:
        """Keep what is on it."""
        default_volume(obj)

    def prepare_create(self, obj: PersistentVolume) -> None:
        """Start unbound."""
        obj.status = PersistentVolumeStatus(phase="Pending")

    def prepare_update(self, new: PersistentVolume, old: PersistentVolume) -> None:
        """Leave the status to its own subresource."""
        new.status = old.status

    def prepare_status(self, new: PersistentVolume, old: PersistentVolume) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def validate(self, obj: PersistentVolume) -> list[FieldError]:
        """Check a new volume."""
        return validate_volume(obj)

    def validate_update(self, new: PersistentVolume, old: PersistentVolume) -> list[FieldError]:
        """Check a changed volume."""
        return validate_volume_update(new, old)

    def validate_status(self, new: PersistentVolume, old: PersistentVolume) -> list[FieldError]:
        """Check a changed status."""
        return validate_meta_update(new.metadata, old.metadata)
