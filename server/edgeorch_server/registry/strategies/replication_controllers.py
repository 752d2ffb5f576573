"""ReplicationControllers (``pkg/registry/core/replicationcontroller/strategy.go``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.core.defaults import default_replication_controller
from edgeorch.api.core.replication_controller import ReplicationController, ReplicationControllerStatus
from edgeorch.api.core.validation import (
    validate_replication_controller,
    validate_replication_controller_status_update,
    validate_replication_controller_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability


class ReplicationControllerStrategy(Strategy[ReplicationController]):
    """The status follows from the pods, so a crash may lose the newest."""

    counts_generations: ClassVar[bool] = True
    orphans_dependents: ClassVar[bool] = True
    status_durability: ClassVar[Durability] = Durability.SOFT

    def default(self, obj: ReplicationController) -> None:
        """Want one pod, with the labels of the template."""
        default_replication_controller(obj)

    def prepare_create(self, obj: ReplicationController) -> None:
        """Start without pods."""
        obj.status = ReplicationControllerStatus(replicas=0)

    def prepare_update(self, new: ReplicationController, old: ReplicationController) -> None:
        """Leave the status to its own subresource."""
        new.status = old.status

    def prepare_status(self, new: ReplicationController, old: ReplicationController) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def validate(self, obj: ReplicationController) -> list[FieldError]:
        """Check a new one."""
        return validate_replication_controller(obj)

    def validate_update(self, new: ReplicationController, old: ReplicationController) -> list[FieldError]:
        """Check a changed one."""
        return validate_replication_controller_update(new, old)

    def validate_status(self, new: ReplicationController, old: ReplicationController) -> list[FieldError]:
        """Check a changed status."""
        return validate_replication_controller_status_update(new, old)
