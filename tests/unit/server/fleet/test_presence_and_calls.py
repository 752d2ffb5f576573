"""Who is connected, and what can be asked of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch.errors import BadRequest, ServiceUnavailable
from edgeorch.mqtt.dispatcher import Call, Dispatcher
from edgeorch.mqtt.messages import Heartbeat, LogsCall, Presence
from edgeorch.mqtt.streams import StreamHub
from edgeorch_server.fleet.presence import SILENCE_SECONDS
from edgeorch_server.registry.base import LogOptions
from tests.fakes.bus import FakeBus, ready
from tests.fakes.eventually import eventually
from tests.unit.server.fleet.world import ROOT, TOPICS, World

pytestmark = pytest.mark.looptime


async def say(bus: FakeBus, session: str, *, online: bool) -> None:
    payload = Presence(online=online, session=session).encode()
    await bus.publish(f"{ROOT}/nodes/n1/presence", payload, retain=True)


async def beat(bus: FakeBus, session: str = "s1") -> None:
    await bus.publish(f"{ROOT}/nodes/n1/heartbeat", Heartbeat(session, 1, "0" * 16).encode(), qos=0)


def state(lab: World) -> tuple[bool, str] | None:
    known = lab.fleet.liveness.of("n1")
    return (known.online, known.session) if known is not None else None


class TestPresence:
    async def test_coming_and_going(self, lab: World) -> None:
        """Each change of presence is told; a node never heard of is unknown."""
        await lab.start_fleet()
        bus = await lab.client("n1")
        changes = lab.fleet.liveness.changes()
        coming = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        assert state(lab) is None
        await say(bus, "s1", online=True)
        assert await coming == "n1"
        assert state(lab) == (True, "s1")
        await say(bus, "s1", online=False)
        assert await anext(changes) == "n1"
        assert state(lab) == (False, "s1")

    async def test_the_will_of_a_replaced_session(self, lab: World) -> None:
        """The last will of an agent that was restarted meanwhile does not put the new one offline."""
        await lab.start_fleet()
        bus = await lab.client("n1")
        await say(bus, "s1", online=True)
        await say(bus, "s2", online=True)
        await say(bus, "s1", online=False)
        await eventually(lambda: state(lab))
        assert state(lab) == (True, "s2")

    async def test_a_heartbeat_is_life(self, lab: World) -> None:
        """A heartbeat of a node that counts as offline brings it back."""
        await lab.start_fleet()
        bus = await lab.client("n1")
        await say(bus, "s1", online=False)
        await eventually(lambda: state(lab) == (False, "s1"))
        await beat(bus)
        await eventually(lambda: state(lab) == (True, "s1"))

    async def test_a_broken_silence_is_told(self, lab: World) -> None:
        """Heartbeats are no changes, except the first one after a long pause."""
        await lab.start_fleet()
        bus = await lab.client("n1")
        await say(bus, "s1", online=True)
        await eventually(lambda: state(lab))
        changes = lab.fleet.liveness.changes()
        told = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(30)
        await beat(bus)
        await asyncio.sleep(1)
        assert not told.done()
        await asyncio.sleep(SILENCE_SECONDS)
        await beat(bus)
        assert await told == "n1"

    async def test_silence_counts_only_while_we_hear(self, lab: World) -> None:
        """While the server itself has no broker, no node grows old; and a node has its time again after that."""
        await lab.start_fleet()
        bus = await lab.client("n1")
        await say(bus, "s1", online=True)
        await eventually(lambda: state(lab))
        lab.broker.stop()
        await asyncio.sleep(1000)
        known = lab.fleet.liveness.of("n1")
        assert known is not None
        assert known.last_seen == pytest.approx(asyncio.get_running_loop().time(), abs=0.1)
        lab.broker.start()
        await ready(lab.bus)
        back = asyncio.get_running_loop().time()
        await asyncio.sleep(30)
        known = lab.fleet.liveness.of("n1")
        assert known is not None
        assert known.last_seen == pytest.approx(back, abs=0.1)

    async def test_garbage(self, lab: World) -> None:
        """Bad presence changes nothing."""
        await lab.start_fleet()
        bus = await lab.client("n1")
        await say(bus, "s1", online=True)
        for payload in (b"", b"{", b'{"online": 1, "session": "s"}', b'{"online": false}'):
            await bus.publish(f"{ROOT}/nodes/n1/presence", payload, retain=True)
        await eventually(lambda: lab.fleet.garbage.counts["malformed presence"] == 3)
        assert state(lab) == (True, "s1")


class Log:
    """An agent's handler of log calls, as scripted by a test."""

    def __init__(self, *chunks: bytes, refuse: Exception | None = None, follow: bool = False) -> None:
        self.asked: LogsCall | None = None
        self.stopped = asyncio.Event()
        self._chunks = chunks
        self._refuse = refuse
        self._follow = follow

    async def __call__(self, call: Call) -> None:
        self.asked = LogsCall.from_dict(call.args)
        if self._refuse is not None:
            raise self._refuse
        await call.accept()
        try:
            for chunk in self._chunks:
                await call.stream.write(chunk)
            if self._follow:
                await asyncio.get_running_loop().create_future()
        finally:
            self.stopped.set()


async def serve(lab: World, log: Log) -> None:
    bus = await lab.client("n1")
    hub = StreamHub(bus, TOPICS, "n1")
    await lab.spawn(hub.run())
    await lab.spawn(Dispatcher(bus, TOPICS, "n1", hub, {"logs": log}).run())
    await eventually(lambda: bus.subscribed(f"{ROOT}/nodes/n1/calls/logs"))


def bound(node: str = "n1") -> Pod:
    body: dict[str, Any] = {
        "metadata": {"name": "web", "namespace": "default", "uid": "u1"},
        "spec": {"nodeName": node, "containers": [{"name": "c"}]},
    }
    return Pod.from_dict(body)


class TestLogs:
    async def test_a_log(self, lab: World) -> None:
        """All options reach the agent, all bytes come back, and nothing is left open."""
        await lab.start_fleet()
        log = Log(b"one\n", b"two\n" * 100_000)
        await serve(lab, log)
        options = LogOptions("c", follow=True, previous=True, tail_lines=5, since_time="2026-05-01T12:00:00Z")
        text = b"".join([chunk async for chunk in lab.fleet.calls.logs(bound(), options)])
        assert text == b"one\n" + b"two\n" * 100_000
        assert log.asked == LogsCall(
            *("default", "web", "u1", "c"),
            follow=True,
            previous=True,
            tail_lines=5,
            since_time="2026-05-01T12:00:00Z",
        )
        await eventually(lambda: len(lab.fleet._hub) == 0)

    async def test_the_agent_refuses(self, lab: World) -> None:
        """The agent's error comes at the first step, as it is."""
        await lab.start_fleet()
        await serve(
            lab, Log(refuse=BadRequest('container "c" in pod "web" is waiting to start: ContainerCreating'))
        )
        with pytest.raises(BadRequest, match="is waiting to start: ContainerCreating"):
            await anext(lab.fleet.calls.logs(bound(), LogOptions("c")))
        await eventually(lambda: len(lab.fleet._hub) == 0)

    async def test_closing_ends_it_on_the_node(self, lab: World) -> None:
        """When the reader goes away, the agent stops following."""
        await lab.start_fleet()
        log = Log(b"one\n", follow=True)
        await serve(lab, log)
        stream = cast(
            "AsyncGenerator[bytes, None]", lab.fleet.calls.logs(bound(), LogOptions("c", follow=True))
        )
        assert await anext(stream) == b"one\n"
        await stream.aclose()
        await asyncio.wait_for(log.stopped.wait(), 5)

    async def test_a_node_that_is_offline(self, lab: World) -> None:
        """It is said at once, with the node's name."""
        await lab.start_fleet()
        bus = await lab.client("n1")
        await say(bus, "s1", online=False)
        await eventually(lambda: state(lab))
        with pytest.raises(ServiceUnavailable, match="node n1 is not connected"):
            await anext(lab.fleet.calls.logs(bound(), LogOptions("c")))

    async def test_a_node_nobody_has_heard_of(self, lab: World) -> None:
        """Without an agent there is nobody to ask."""
        await lab.start_fleet()
        with pytest.raises(ServiceUnavailable, match="node n9 is not connected"):
            await anext(lab.fleet.calls.logs(bound("n9"), LogOptions("c")))
