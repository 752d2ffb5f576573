"""Who is connected, and what can be asked of them."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch.errors import BadRequest, InternalError, NotFound, ServiceUnavailable
from edgeorch.mqtt.dispatcher import Call, Dispatcher
from edgeorch.mqtt.messages import Heartbeat, LogsCall, Presence, StatsReply
from edgeorch.mqtt.streams import StreamHub
from edgeorch_server.fleet.presence import SILENCE_SECONDS
from edgeorch_server.registry.base import ContainerStats, LogOptions, NodeStats
from tests.fakes.bus import FakeBus, ready
from tests.fakes.eventually import eventually
from tests.unit.server.fleet.world import ROOT, TOPICS, World

pytestmark = pytest.mark.looptime


async def say(bus: FakeBus, session: str, *, online: bool) -> None:
    payload = Presence(online=online, session=session).encode()
    await bus.publish(f"{ROOT}/nodes/n1/presence", payload, retain=True)


async def beat(bus: FakeBus, session: str = "s1", number: int = 1) -> None:
    await bus.publish(f"{ROOT}/nodes/n1/heartbeat", Heartbeat(session, number, "0" * 16).encode(), qos=0)


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

    async def test_missing_heartbeats_are_told(self, lab: World, caplog: pytest.LogCaptureFixture) -> None:
        """A gap in the numbers of a session is a loss; a new session, or our own reconnect, begins anew."""
        caplog.set_level("INFO", logger="edgeorch_server.fleet.presence")
        await lab.start_fleet()
        bus = await lab.client("n1")
        for session, number in (("s1", 7), ("s1", 8), ("s1", 11), ("s2", 1), ("s2", 2)):
            await beat(bus, session, number)
        await eventually(lambda: state(lab) == (True, "s2"))
        lab.broker.stop()
        await asyncio.sleep(60)
        lab.broker.start()
        await ready(lab.bus)
        await ready(bus)
        await beat(bus, "s3", 1)
        await beat(bus, "s3", 5)

        def told() -> list[str]:
            """Take no other logger's word: a slow machine makes asyncio talk too."""
            return [r.getMessage() for r in caplog.records if r.name == "edgeorch_server.fleet.presence"]

        await eventually(lambda: len(told()) == 2)
        assert told() == [
            "node n1: heartbeats that did not arrive: 2",
            "node n1: heartbeats that did not arrive: 3",
        ]

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


class TestStats:
    async def test_what_a_node_uses(self, lab: World) -> None:
        """The agent's answer, typed."""
        await lab.start_fleet()
        answer = StatsReply("2026-05-01T12:00:00.500000Z", 1500, 7, 8, {"u1": {"web": [5, 6]}})
        await serve_stats(lab, answer.to_dict())
        found = await lab.fleet.calls.stats("n1")
        assert found == NodeStats(
            dt.datetime(2026, 5, 1, 12, 0, 0, 500_000, tzinfo=dt.UTC),
            dt.timedelta(seconds=1.5),
            ContainerStats(7, 8),
            {"u1": {"web": ContainerStats(5, 6)}},
        )

    @pytest.mark.parametrize(
        "answer",
        [
            {},
            {"timestamp": "noon", "window_ms": 1, "cpu": 1, "memory": 1},
            {"timestamp": "2026-05-01T12:00:00Z", "window_ms": -1, "cpu": 1, "memory": 1},
            {"timestamp": "2026-05-01T12:00:00Z", "window_ms": 1, "cpu": 1, "memory": 2**70},
            {"timestamp": "2026-05-01T12:00:00Z", "window_ms": 1, "cpu": 1, "memory": 1, "pods": {"u": 1}},
            {
                "timestamp": "2026-05-01T12:00:00Z",
                "window_ms": 1,
                "cpu": 1,
                "memory": 1,
                "pods": {"u": {"c": [1]}},
            },
        ],
        ids=["empty", "no time", "a window before now", "no such memory", "no containers", "one number"],
    )
    async def test_nonsense(self, lab: World, answer: dict[str, Any]) -> None:
        """What is no measurement is an error of the node's, whatever it is."""
        await lab.start_fleet()
        await serve_stats(lab, answer)
        with pytest.raises(InternalError, match="node n1 measures nonsense"):
            await lab.fleet.calls.stats("n1")

    async def test_an_agent_that_cannot_measure(self, lab: World) -> None:
        """An older agent says that it does not know the call, and one that is away says nothing at once."""
        await lab.start_fleet()
        await serve(lab, Log())
        with pytest.raises(NotFound, match="does not know the call 'stats'"):
            await lab.fleet.calls.stats("n1")
        with pytest.raises(ServiceUnavailable, match="node n9 is not connected"):
            await lab.fleet.calls.stats("n9")


async def serve_stats(lab: World, answer: dict[str, Any]) -> None:
    async def stats(call: Call) -> None:
        await call.accept(answer)

    bus = await lab.client("n1")
    hub = StreamHub(bus, TOPICS, "n1")
    await lab.spawn(Dispatcher(bus, TOPICS, "n1", hub, {"stats": stats}).run())
    await eventually(lambda: bus.subscribed(f"{ROOT}/nodes/n1/calls/stats"))
