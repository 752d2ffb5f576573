"""DaemonSets and ControllerRevisions (``pkg/registry/apps/daemonset``, ``.../controllerrevision``)."""

from __future__ import annotations

from typing import ClassVar

from edgeorch.api.apps import template_generation
from edgeorch.api.apps.controller_revision import ControllerRevision
from edgeorch.api.apps.daemon_set import DaemonSet, no_pods_yet
from edgeorch.api.apps.defaults import default_daemon_set
from edgeorch.api.apps.resources import DAEMON_SETS
from edgeorch.api.apps.validation import (
    validate_controller_revision,
    validate_controller_revision_update,
    validate_daemon_set,
    validate_daemon_set_status_update,
    validate_daemon_set_update,
)
from edgeorch.api.validation import FieldError
from edgeorch_server.registry import messages
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability


class DaemonSetStrategy(Strategy[DaemonSet]):
    """The status follows from the pods, so a crash may lose the newest."""

    counts_generations: ClassVar[bool] = True
    status_durability: ClassVar[Durability] = Durability.SOFT

    def default(self, obj: DaemonSet) -> None:
        """Replace pods on one node at a time, and fill in the template."""
        default_daemon_set(obj)

    def prepare_create(self, obj: DaemonSet) -> None:
        """Start without pods, with the first template; raises BadRequest if the annotation has no number."""
        obj.status = no_pods_yet()
        meta = obj.metadata
        given = meta.annotations.get(template_generation.ANNOTATION)
        if given is not None and template_generation.generation_of(meta) is None:
            why = f"strconv.ParseInt: parsing {messages.quote(given)}: invalid syntax"
            raise messages.cannot_be_handled(DAEMON_SETS, DAEMON_SETS.kind, DAEMON_SETS.version, why)
        template_generation.begin(meta)

    def prepare_update(self, new: DaemonSet, old: DaemonSet) -> None:
        """Leave the status to its own subresource, and count the templates."""
        new.status = old.status
        changed = new.spec.template != old.spec.template
        template_generation.go_on(new.metadata, old.metadata, changed=changed)

    def prepare_status(self, new: DaemonSet, old: DaemonSet) -> None:
        """Leave the spec alone, and the number of its template."""
        new.spec = old.spec
        template_generation.keep(new.metadata, old.metadata)

    def validate(self, obj: DaemonSet) -> list[FieldError]:
        """Check a new DaemonSet."""
        return validate_daemon_set(obj)

    def validate_update(self, new: DaemonSet, old: DaemonSet) -> list[FieldError]:
        """Check a changed DaemonSet."""
        return validate_daemon_set_update(new, old)

    def validate_status(self, new: DaemonSet, old: DaemonSet) -> list[FieldError]:
        """Check a changed status."""
        return validate_daemon_set_status_update(new, old)


class ControllerRevisionStrategy(Strategy[ControllerRevision]):
    """Nothing but validation."""

    def validate(self, obj: ControllerRevision) -> list[FieldError]:
        """Check a new ControllerRevision."""
        return validate_controller_revision(obj)

    def validate_update(self, new: ControllerRevision, old: ControllerRevision) -> list[FieldError]:
        """Check that nothing but its number has changed."""
        return validate_controller_revision_update(new, old)
