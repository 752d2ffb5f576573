"""StatefulSets (``pkg/registry/apps/statefulset/strategy.go``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.apps.defaults import default_stateful_set
from edgeorch.api.apps.stateful_set import StatefulSet, StatefulSetStatus
from edgeorch.api.apps.validation import (
    validate_stateful_set,
    validate_stateful_set_status_update,
    validate_stateful_set_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability


class StatefulSetStrategy(Strategy[StatefulSet]):
    """The status follows from pods and revisions, so a crash may lose the newest.

    That is true of ``currentRevision`` too: what a crash loses is younger than the last change of a spec.
    """

    counts_generations: ClassVar[bool] = True
    status_durability: ClassVar[Durability] = Durability.SOFT

    def default(self, obj: StatefulSet) -> None:
        """Want one pod, one after the other, and fill in the templates."""
        default_stateful_set(obj)

    def prepare_create(self, obj: StatefulSet) -> None:
        """Start without pods."""
        obj.status = StatefulSetStatus(replicas=0)

    def prepare_update(self, new: StatefulSet, old: StatefulSet) -> None:
        """Leave the status to its own subresource."""
        new.status = old.status

    def prepare_status(self, new: StatefulSet, old: StatefulSet) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def validate(self, obj: StatefulSet) -> list[FieldError]:
        """Check a new StatefulSet."""
        return validate_stateful_set(obj)

    def validate_update(self, new: StatefulSet, old: StatefulSet) -> list[FieldError]:
        """Check a changed StatefulSet."""
        return validate_stateful_set_update(new, old)

    def validate_status(self, new: StatefulSet, old: StatefulSet) -> list[FieldError]:
        """Check a changed status."""
        return validate_stateful_set_status_update(new, old)
