"""NamespaceLifecycle: nothing is created where no namespace is, or where one is being emptied."""

from __future__ import annotations

from edgeorch.api.core.resources import NAMESPACES
from edgeorch.errors import Cause
from edgeorch_server.registry import messages
from edgeorch_server.registry.admission.base import Attributes, Lookup, Operation

IMMORTAL = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
"""Namespaces that cannot be deleted; Kubernetes lets the last one go, and makes it anew at once."""


class NamespaceLifecycle:
    """Guards the beginning and the end of namespaces."""

    def __init__(self, objects: Lookup) -> None:
        self._objects = objects

    def admit(self, write: Attributes) -> None:
        """Raise NotFound or Forbidden."""
        if write.resource.key == NAMESPACES.key:
            if write.operation is Operation.DELETE and write.name in IMMORTAL:
                raise write.forbidden("this namespace may not be deleted")
            return
        if write.operation is not Operation.CREATE or not write.resource.namespaced:
            return
        namespace = self._objects.find_entry(NAMESPACES, "", write.namespace)
        if namespace is None:
            raise messages.not_found(NAMESPACES, write.namespace)
        if namespace.fields.get("status.phase") == "Terminating":
            name = write.namespace
            raise write.forbidden(
                f"unable to create new content in namespace {name} because it is being terminated",
                Cause("NamespaceTerminating", f"namespace {name} is being terminated", "metadata.namespace"),
            )
