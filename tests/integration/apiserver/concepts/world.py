"""A cluster in process, and what the tests of the API concepts do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from edgeorch_server.store.memory import MemoryStore

MAPS = "/api/v1/namespaces/default/configmaps"
REMEMBERED = 20


@dataclass(frozen=True)
class World:
    """A cluster with ConfigMaps, through its API and behind it."""

    api: httpx.AsyncClient
    store: MemoryStore

    async def put(self, name: str, collection: str = MAPS, **data: str) -> dict[str, Any]:
        """Create or replace a ConfigMap."""
        body = {"metadata": {"name": name}, "data": data}
        answer = await self.api.post(collection, json=body)
        if answer.status_code == 409:
            answer = await self.api.put(f"{collection}/{name}", json=body)
        assert answer.is_success, answer.text
        written: dict[str, Any] = answer.json()
        return written

    async def list(self, collection: str = MAPS, **query: object) -> dict[str, Any]:
        """Read a page."""
        answer = await self.api.get(collection, params={name: str(value) for name, value in query.items()})
        assert answer.is_success, answer.text
        page: dict[str, Any] = answer.json()
        return page

    async def forget(self) -> None:
        """Write until everything before is out of the store's memory of changes."""
        for number in range(REMEMBERED + 1):
            await self.put("noise", "/api/v1/namespaces/kube-system/configmaps", n=str(number))


def names(page: dict[str, Any]) -> list[str]:
    """Name what is on a page."""
    return [item["metadata"]["name"] for item in page["items"]]
