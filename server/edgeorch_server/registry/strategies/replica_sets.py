"""ReplicaSets (``pkg/registry/apps/replicaset/strategy.go``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.apps.defaults import default_replica_set
from edgeorch.api.apps.replica_set import ReplicaSet, ReplicaSetStatus
from edgeorch.api.apps.validation import (
    validate_replica_set,
    validate_replica_set_status_update,
    validate_replica_set_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability


class ReplicaSetStrategy(Strategy[ReplicaSet]):
    """The status follows from the pods, so a crash may lose the newest."""

    counts_generations: ClassVar[bool] = True
    status_durability: ClassVar[Durability] = Durability.SOFT

    def default(self, obj: ReplicaSet) -> None:
        """Want one pod, and fill in the template."""
        default_replica_set(obj)

    def prepare_create(self, obj: ReplicaSet) -> None:
        """Start without pods."""
        obj.status = ReplicaSetStatus(replicas=0)

    def prepare_update(self, new: ReplicaSet, old: ReplicaSet) -> None:
        """Leave the status to its own subresource."""
        new.status = old.status

    def prepare_status(self, new: ReplicaSet, old: ReplicaSet) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def validate(self, obj: ReplicaSet) -> list[FieldError]:
        """Check a new ReplicaSet."""
        return validate_replica_set(obj)

    def validate_update(self, new: ReplicaSet, old: ReplicaSet) -> list[FieldError]:
        """Check a changed ReplicaSet."""
        return validate_replica_set_update(new, old)

    def validate_status(self, new: ReplicaSet, old: ReplicaSet) -> list[FieldError]:
        """Check a changed status."""
        return validate_replica_set_status_update(new, old)
