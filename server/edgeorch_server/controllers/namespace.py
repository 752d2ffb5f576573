"""Namespace deletion: empties a terminating namespace, then takes its last finalizer so that it goes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.resources import NAMESPACES
from edgeorch.api.meta import DeleteOptions, Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import NotFound
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.registry.base import SYSTEM, Client, ListOptions, Objects, WriteOptions

FINALIZER = "kubernetes"
POLL_SECONDS = 5.0
"""How long a namespace whose content goes by itself (pods in their grace) waits until it is looked at again;
the end of each object wakes the controller before that."""

BACKGROUND = DeleteOptions(propagationPolicy="Background")
"""Everything goes by itself: no kind's own policy counts."""

SOURCES = (Source(NAMESPACES),)


class NamespaceDeletion:
    """Reconciles one namespace."""

    def __init__(self, client: Client, objects: Objects) -> None:
        self._client = client
        self._objects = objects

    async def reconcile(self, key: Key) -> Result:
        """Delete what is in a terminating namespace, and the namespace once it is empty."""
        try:
            namespace = self._client.get(NAMESPACES, "", key.name)
        except NotFound:
            return DONE
        if not namespace.metadata.deletionTimestamp or FINALIZER not in namespace.spec.finalizers:
            return DONE
        await self._empty(key.name)
        if any(self._content(key.name)):
            return Result(requeue_after=POLL_SECONDS)
        await self._finalize(namespace)
        return DONE

    def _content(self, namespace: str) -> Iterable[ResourceInfo[Any]]:
        for info in self._objects.table:
            if not info.namespaced or "delete" not in info.verbs:
                continue
            if self._objects.list_entries(info, ListOptions(namespace=namespace, limit=1)).entries:
                yield info

    async def _empty(self, namespace: str) -> None:
        for info in self._content(namespace):
            for entry in self._objects.list_entries(info, ListOptions(namespace=namespace)).entries:
                obj = Object.from_json(entry.data)
                if not obj.metadata.deletionTimestamp:
                    await self._client.delete(info, namespace, entry.name, BACKGROUND)

    async def _finalize(self, namespace: Namespace) -> None:
        namespace.spec.finalizers = [name for name in namespace.spec.finalizers if name != FINALIZER]
        await self._objects.update_entry(
            NAMESPACES,
            "",
            namespace.metadata.name,
            namespace.to_dict(),
            WriteOptions(user=SYSTEM),
            subresource="finalize",
        )
