"""A cluster in process for each test, whose memory of changes is short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from edgeorch_server.store.memory import MemoryStore
from edgeorch_server.store.ring import RingLimits
from tests.fakes.api_server import furnish
from tests.fakes.in_process import bare_app, bare_registry, client_of
from tests.integration.apiserver.concepts.world import REMEMBERED, World


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run on asyncio's own event loop, whose time can be virtual."""
    return {"asyncio": asyncio.new_event_loop}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Serve a new cluster."""
    store = MemoryStore(ring=RingLimits(events=REMEMBERED))
    registry = bare_registry(store)
    await furnish(registry)
    async with client_of(bare_app(registry, endless=True)) as api:
        await api.post("/api/v1/namespaces", json={"metadata": {"name": "kube-system"}})
        yield World(api, store)
