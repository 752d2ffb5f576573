"""Namespaces (``pkg/registry/core/namespace``)."""

from __future__ import annotations

import datetime as dt

from edgeorch.api.core.defaults import default_namespace, prepare_namespace
from edgeorch.api.core.namespace import Namespace, NamespaceStatus
from edgeorch.api.core.validation import (
    validate_namespace,
    validate_namespace_status_update,
    validate_namespace_update,
)
from edgeorch.api.meta import DeleteOptions, format_time
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.deletion import Fate
from edgeorch_server.registry.strategies.base import Strategy


class NamespaceStrategy(Strategy[Namespace]):
    """A deleted namespace stays, Terminating, until the namespace controller has emptied it."""

    def default(self, obj: Namespace) -> None:
        """Label it with its name."""
        default_namespace(obj)

    def prepare_create(self, obj: Namespace) -> None:
        """Start as Active, with the finalizer that stands for its emptying."""
        obj.status = NamespaceStatus()
        prepare_namespace(obj)
        default_namespace(obj)  # once more: a generated name is known only now

    def prepare_update(self, new: Namespace, old: Namespace) -> None:
        """Leave the status and the finalizers to their own subresources."""
        new.spec.finalizers = old.spec.finalizers
        new.status = old.status

    def prepare_status(self, new: Namespace, old: Namespace) -> None:
        """Leave the spec alone."""
        new.spec = old.spec

    def validate(self, obj: Namespace) -> list[FieldError]:
        """Check a new namespace."""
        return validate_namespace(obj)

    def validate_update(self, new: Namespace, old: Namespace) -> list[FieldError]:
        """Check a changed namespace."""
        return validate_namespace_update(new, old)

    def validate_status(self, new: Namespace, old: Namespace) -> list[FieldError]:
        """Check that the phase says what is the case."""
        return validate_namespace_status_update(new, old)

    def delete(self, obj: Namespace, options: DeleteOptions, now: dt.datetime) -> Fate:
        """Begin to empty it; once it is empty, remove it as any other object."""
        if obj.metadata.deletionTimestamp is None:
            obj.metadata.deletionTimestamp = format_time(now)
            obj.status.phase = "Terminating"
            return Fate.KEPT
        return Fate.KEPT if obj.spec.finalizers else super().delete(obj, options, now)

    def may_go(self, obj: Namespace) -> bool:
        """Keep it as long as either list of finalizers names one."""
        return not obj.spec.finalizers and super().may_go(obj)
