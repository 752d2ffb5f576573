"""Every active namespace has a ServiceAccount named ``default``."""

from __future__ import annotations

import contextlib

from edgeorch.api.core.resources import NAMESPACES, SERVICE_ACCOUNTS
from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.meta import ObjectMeta
from edgeorch.errors import AlreadyExists, NotFound
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.registry.base import Client
from edgeorch_server.store.base import Entry

NAME = "default"


def namespace_of(entry: Entry) -> tuple[Key, ...]:
    """Map a ServiceAccount to its namespace: when the default one is deleted, it comes back."""
    return (Key("", entry.namespace),)


SOURCES = (Source(NAMESPACES), Source(SERVICE_ACCOUNTS, namespace_of))


class DefaultServiceAccount:
    """Reconciles one namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def reconcile(self, key: Key) -> Result:
        """Create the account where it is missing."""
        try:
            namespace = self._client.get(NAMESPACES, "", key.name)
        except NotFound:
            return DONE
        if namespace.metadata.deletionTimestamp:
            return DONE
        try:
            self._client.get(SERVICE_ACCOUNTS, key.name, NAME)
        except NotFound:
            account = ServiceAccount(metadata=ObjectMeta(name=NAME, namespace=key.name))
            with contextlib.suppress(AlreadyExists):
                await self._client.create(SERVICE_ACCOUNTS, account)
        return DONE
