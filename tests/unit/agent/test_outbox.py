"""The agent's outbox: state arrives in its newest form, events when possible, and nothing stops the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from edgeorch_agent.outbox import Outbox
from tests.fakes.bus import FakeBroker
from tests.fakes.eventually import eventually


class Desk:
    """An outbox at work on a broker in memory."""

    def __init__(self) -> None:
        self.broker = FakeBroker(max_packet=1000)
        self.bus = self.broker.bus("pi")
        self.outbox = Outbox(self.bus, max_events=3)

    def published(self, topic: str) -> list[bytes]:
        return [message.payload for message in self.broker.published if message.topic == topic]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    task = asyncio.create_task(desk.outbox.run())
    yield desk
    assert not task.done(), task
    task.cancel()
    await desk.bus.stop()


async def test_only_the_newest_state_is_published(desk: Desk) -> None:
    """What changed ten times without a link is told once."""
    for number in range(10):
        desk.outbox.set("node", b"%d" % number)
    await desk.bus.start()
    await eventually(lambda: desk.published("node") == [b"9"])


async def test_all_state_is_published_again_after_a_reconnect(desk: Desk) -> None:
    """A broker that forgot everything is told everything, but what was taken back."""
    desk.outbox.set("a", b"1")
    desk.outbox.set("b", b"2")
    await desk.bus.start()
    await eventually(lambda: desk.published("b") == [b"2"])
    desk.outbox.clear("b")
    await eventually(lambda: desk.published("b") == [b"2", b""])
    desk.broker.stop()
    desk.broker.start()
    await eventually(lambda: desk.published("a") == [b"1", b"1"])
    assert desk.published("b") == [b"2", b""]


async def test_the_oldest_events_make_room(desk: Desk) -> None:
    """Without a link the queue holds the newest events."""
    for number in range(5):
        desk.outbox.event("events", b"%d" % number)
    await desk.bus.start()
    await eventually(lambda: desk.published("events") == [b"2", b"3", b"4"])


@pytest.mark.parametrize("refusal", ["forbidden", "too large"])
async def test_what_is_refused_stops_nothing_else(
    desk: Desk, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A message that the broker will never take is dropped with one line, and the others go out."""
    if refusal == "forbidden":
        desk.broker.allow = lambda _client, topic: not topic.startswith("bad")
    payload = b"x" * (10 if refusal == "forbidden" else 2000)
    desk.outbox.set("bad", payload)
    desk.outbox.event("bad/events", payload)
    desk.outbox.set("good", b"1")
    desk.outbox.event("good/events", b"2")
    await desk.bus.start()
    await eventually(lambda: desk.published("good/events") == [b"2"])
    assert desk.published("good") == [b"1"]
    assert [record.args[0] for record in caplog.records if record.args] == ["bad", "bad/events"]  # type: ignore[index]  # our log calls give tuples


async def test_a_refused_state_is_tried_again_when_it_changes(desk: Desk) -> None:
    """What was too large may be small enough the next time."""
    desk.outbox.set("state", b"x" * 2000)
    await desk.bus.start()
    await desk.outbox.drained()
    desk.outbox.set("state", b"small")
    await eventually(lambda: desk.published("state") == [b"small"])
