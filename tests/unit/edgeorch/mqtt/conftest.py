"""Two buses on one broker in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.bus import FakeBroker, FakeBus, ready


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


@pytest.fixture
async def server(broker: FakeBroker) -> AsyncIterator[FakeBus]:
    bus = broker.bus("server")
    await bus.start()
    await ready(bus)
    yield bus
    await bus.stop()


@pytest.fixture
async def agent(broker: FakeBroker) -> AsyncIterator[FakeBus]:
    bus = broker.bus("n1")
    await bus.start()
    await ready(bus)
    yield bus
    await bus.stop()
