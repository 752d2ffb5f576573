"""The API server without sockets, certificates or permissions: where the handlers are of interest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette

from edgeorch.api.resources import ResourceTable
from edgeorch.api.table import default_table
from edgeorch.pki import new_key
from edgeorch_server.access.jwt import SigningKey
from edgeorch_server.apiserver.auth.authentication import Credentials
from edgeorch_server.apiserver.auth.wiring import rbac_access
from edgeorch_server.apiserver.streaming import OpenStreams
from edgeorch_server.registry.base import User
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.base import Store
from edgeorch_server.store.memory import MemoryStore
from tests.fakes.api_server import FakeNodes, app_for, furnish, wall_clock


class Everyone:
    """Lets everybody in as the master, but for those with a token."""

    async def authenticate(self, credentials: Credentials) -> User | None:
        return User("fuzz", ("system:masters",)) if not credentials.bearer_token else None


def bare_registry(store: Store | None = None) -> Registry:
    return Registry(store or MemoryStore(), default_table(), now=wall_clock)


def bare_app(registry: Registry, table: ResourceTable | None = None, *, endless: bool = False) -> Starlette:
    """Serve a registry; endless answers end at once, unless they have a time-out and are meant to last."""
    streams, nodes = OpenStreams(), FakeNodes(chunks=[b"line\n"])
    if not endless:
        streams.stop()
    access, _ = rbac_access(registry, SigningKey.from_pem(new_key()), wall_clock, Everyone())
    return app_for(registry, access, nodes, streams, table)


def client_of(app: Starlette) -> httpx.AsyncClient:
    """Talk to an application; answers arrive once they are whole."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://test")


@asynccontextmanager
async def bare_client() -> AsyncIterator[httpx.AsyncClient]:
    """Serve a new cluster with the namespace ``default``."""
    registry = bare_registry()
    await furnish(registry)
    async with client_of(bare_app(registry)) as client:
        yield client
