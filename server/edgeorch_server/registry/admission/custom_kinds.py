"""Custom kinds go as others never do: also while a write of one of their objects is under way."""

from __future__ import annotations

from edgeorch.api.custom.kind import custom_version
from edgeorch.api.resources import ResourceTable
from edgeorch_server.registry import messages
from edgeorch_server.registry.admission.base import Attributes, Operation


class CustomKinds:
    """Guards the end of a kind: what would be stored of it then, nobody could ever find, or delete.

    A write begins with the kind that was served when its request was read. Until it is stored its body has to
    arrive and webhooks are asked, which takes as long as they like. Kubernetes waits for such writes, for a
    while, before it lets go of a kind (``customresource_handler.go``, ``tearDown``).
    """

    def __init__(self, table: ResourceTable) -> None:
        self._table = table

    def admit(self, write: Attributes) -> None:
        """Raise NotFound when the kind has gone, and Forbidden for a create while it goes."""
        begun_with = custom_version(write.resource)
        if begun_with is None:
            return
        served = self._table.by_key(write.resource.key)
        now = custom_version(served) if served else None
        if now is None or now.definition != begun_with.definition:
            raise messages.not_served()
        if now.ending and write.operation is Operation.CREATE:
            raise write.forbidden("create not allowed while custom resource definition is terminating")
