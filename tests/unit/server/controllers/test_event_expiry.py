"""Events go an hour after they were last written."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edgeorch.api.core.event import Event
from edgeorch.api.core.references import ObjectReference
from edgeorch.api.core.resources import EVENTS, NAMESPACES
from edgeorch.api.meta import ObjectMeta, format_time
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.event_expiry import SOURCES, TTL, EventExpiry, last_heard
from edgeorch_server.controllers.runner import Controller
from edgeorch_server.registry.recorder import EventRecorder

from .world import EPOCH, World

pytestmark = pytest.mark.looptime


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    controller = Controller("event-expiry", EventExpiry(world.registry, now=world.now), SOURCES, world.registry)
    task = asyncio.create_task(controller.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def world() -> World:
    made = World()
    await create_initial_objects(made.registry)
    return made


async def record(world: World, recorder: EventRecorder) -> None:
    about = world.registry.get(NAMESPACES, "", "default")
    await recorder.event(about, "Normal", "Happened", "something happened")


async def test_an_event_is_kept_for_an_hour(world: World) -> None:
    """--event-ttl, 1 h: not less, and hardly more."""
    async with running(world):
        await record(world, EventRecorder(world.registry, "test", world.now))
        await asyncio.sleep(TTL - 2)
        assert len(world.registry.list(EVENTS)) == 1
        await asyncio.sleep(4)
        assert world.registry.list(EVENTS) == []


async def test_one_that_is_counted_up_is_young_again(world: World) -> None:
    """The hour begins with the last write."""
    recorder = EventRecorder(world.registry, "test", world.now)
    async with running(world):
        for _ in range(3):
            await record(world, recorder)
            await asyncio.sleep(TTL - 2)
        assert [event.count for event in world.registry.list(EVENTS)] == [3]
        await asyncio.sleep(4)
        assert world.registry.list(EVENTS) == []


async def test_old_ones_go_at_a_start(world: World) -> None:
    """What expired while the server was down goes when it is up again; what did not gets the rest of its hour."""
    recorder = EventRecorder(world.registry, "test", world.now)
    await record(world, recorder)
    await asyncio.sleep(TTL / 2)
    async with running(world):
        await asyncio.sleep(TTL / 2 - 2)
        assert len(world.registry.list(EVENTS)) == 1
    await asyncio.sleep(10)
    async with running(world):
        await asyncio.sleep(1)
        assert world.registry.list(EVENTS) == []


async def test_an_idle_cluster_writes_nothing(world: World) -> None:
    """An event that waits for its end is not touched."""
    async with running(world):
        await record(world, EventRecorder(world.registry, "test", world.now))
        revision = world.store.revision
        await asyncio.sleep(TTL - 10)
        assert world.store.revision == revision


@pytest.mark.parametrize(
    ("stamps", "age"),
    [
        pytest.param({}, 0.0, id="none"),
        pytest.param({"lastTimestamp": -10}, 10.0, id="last"),
        pytest.param({"lastTimestamp": -10, "creation": -5}, 5.0, id="created after it happened"),
        pytest.param({"lastTimestamp": -10, "creation": -50}, 10.0, id="counted up"),
        pytest.param({"lastTimestamp": 10**9, "creation": -50}, 50.0, id="a clock that is ahead"),
        pytest.param({"eventTime": -7}, 7.0, id="events.k8s.io"),
    ],
)
def test_last_heard(stamps: dict[str, int], age: float) -> None:
    """The newest stamp counts, but none from the future."""
    said: dict[str, Any] = {
        name: format_time(EPOCH + dt.timedelta(seconds=seconds)) for name, seconds in stamps.items()
    }
    meta = ObjectMeta(name="e", creationTimestamp=said.pop("creation", None))
    assert last_heard(Event(metadata=meta, involvedObject=ObjectReference(), **said), EPOCH) == age
