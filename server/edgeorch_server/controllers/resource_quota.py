"""Keeps the status of resource quotas right: how much of each limit is used.

The status is for reading: admission counts for itself (``registry/admission/resource_quota.py``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from edgeorch.api import resource_math
from edgeorch.api.core.quota import ResourceQuota, ResourceQuotaStatus
from edgeorch.api.core.resources import EVENTS, RESOURCE_QUOTAS
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch_server.controllers.runner import DONE, Key, Result, Sources
from edgeorch_server.registry.base import Client, Entries, ListOptions
from edgeorch_server.registry.quota.usage import Usage
from edgeorch_server.store.base import Entry


def namespace_of(entry: Entry) -> tuple[Key, ...]:
    """Map any object to its namespace."""
    return (Key("", entry.namespace),)


def sources(table: ResourceTable) -> Sources:
    """Whatever lives in a namespace may count. Events come and go all the time, and nobody limits them."""
    return Sources(table, lambda info: info.namespaced and info.key != EVENTS.key, lambda _info: namespace_of)


class _Stored:
    """Lists objects as they are stored."""

    def __init__(self, objects: Entries) -> None:
        self._objects = objects

    def entries(self, resource: ResourceInfo[Any], namespace: str) -> Sequence[Entry]:
        """Read the objects of a kind in a namespace."""
        return self._objects.list_entries(resource, ListOptions(namespace=namespace)).entries


class QuotaStatus:
    """Reconciles all quotas of one namespace; the key's name is the namespace."""

    def __init__(self, client: Client, table: ResourceTable, now: Callable[[], dt.datetime]) -> None:
        self._client = client
        self._usage = Usage(_Stored(client), table, now)

    async def reconcile(self, key: Key) -> Result:
        """Count, and write what has changed; come again when a pod stops to count by the clock alone."""
        quotas = self._client.list(RESOURCE_QUOTAS, key.name)
        if not quotas:
            self._usage.forget(key.name)
            return DONE
        for quota in quotas:
            await self._update(quota)
        return Result(requeue_after=self._usage.next_change(key.name))

    async def _update(self, quota: ResourceQuota) -> None:
        used = resource_math.render(self._usage.of(quota, quota.spec.hard))
        status = ResourceQuotaStatus(hard=quota.spec.hard, used=dict(sorted(used.items())))
        if status != quota.status:
            quota.status = status
            await self._client.update_status(RESOURCE_QUOTAS, quota)
