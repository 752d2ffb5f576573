"""What every Bus owes its users: one suite for the fake, and for paho with a real Mosquitto, plain and TLS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from edgeorch.errors import RequestEntityTooLarge, ServiceUnavailable
from edgeorch.mqtt.backoff import Backoff
from edgeorch.mqtt.bus import Bus, Connection, Message, Will
from edgeorch.mqtt.paho_bus import PahoBus
from edgeorch.mqtt.settings import MqttSettings, TlsFiles
from edgeorch.pki import MQTT_SERVER
from edgeorch_server.broker.config import BrokerConfig
from edgeorch_server.broker.mosquitto import Mosquitto
from tests.fakes.bus import FakeBroker, FakeBus
from tests.fakes.certificates import TestCa
from tests.fakes.mosquitto import PlainMosquitto, free_port, mosquitto_binary

NODE = "edgeorch/v1/nodes/n1"
WILL = Will(f"{NODE}/presence", b"gone")


class Broker(Protocol):
    """A broker that tests can break."""

    def server(self) -> Bus: ...

    def agent(self, will: Will | None = None) -> Bus: ...

    async def cut(self, bus: Bus) -> None:
        """Break this bus's connection without a DISCONNECT."""

    async def kill(self) -> None: ...

    async def revive(self) -> None: ...

    async def close(self) -> None: ...


class FakeSide:
    def __init__(self, _folder: Path) -> None:
        self._broker = FakeBroker(max_packet=1_000_000)

    def server(self) -> Bus:
        return self._broker.bus("server")

    def agent(self, will: Will | None = None) -> Bus:
        return self._broker.bus("n1", will)

    async def cut(self, bus: Bus) -> None:
        assert isinstance(bus, FakeBus)
        self._broker.cut(bus.client_id)

    async def kill(self) -> None:
        self._broker.stop()

    async def revive(self) -> None:
        self._broker.start(forget=True)

    async def close(self) -> None:
        pass


class PahoSide:
    """Common to both real brokers."""

    port: int

    def bus(self, client_id: str, tls: TlsFiles | None, will: Will | None) -> PahoBus:
        settings = MqttSettings("127.0.0.1", self.port, client_id, tls)
        return PahoBus(settings, will, Backoff(first=0.05, limit=0.2))

    async def cut(self, bus: Bus) -> None:
        assert isinstance(bus, PahoBus)
        assert bus._link is not None
        states = bus.connections()
        assert await anext(states) is Connection.UP
        bus._link.abort()
        assert await anext(states) is Connection.DOWN


class PlainSide(PahoSide):
    def __init__(self, folder: Path) -> None:
        self._broker = PlainMosquitto(folder)
        self.port = self._broker.port

    def server(self) -> Bus:
        return self.bus("server", None, None)

    def agent(self, will: Will | None = None) -> Bus:
        return self.bus("n1", None, will)

    async def kill(self) -> None:
        await self._broker.kill()

    async def revive(self) -> None:
        await self._broker.start()

    async def close(self) -> None:
        await self._broker.kill()


class TlsSide(PahoSide):
    def __init__(self, folder: Path) -> None:
        mosquitto_binary()
        ca = TestCa(folder)
        self.port = free_port()
        self._server = ca.issue(MQTT_SERVER)
        self._node = ca.issue("n1")
        self._broker = Mosquitto(BrokerConfig(folder / "broker", self.port, ca.issue("broker")))

    def server(self) -> Bus:
        return self.bus("server", self._server, None)

    def agent(self, will: Will | None = None) -> Bus:
        return self.bus("n1", self._node, will)

    async def kill(self) -> None:
        await self._broker.stop()

    async def revive(self) -> None:
        await self._broker.start()

    async def close(self) -> None:
        await self._broker.stop()


@pytest.fixture(
    params=[
        pytest.param(FakeSide, id="fake"),
        pytest.param(PlainSide, id="mosquitto", marks=pytest.mark.mosquitto),
        pytest.param(TlsSide, id="mosquitto-tls", marks=pytest.mark.mosquitto),
    ]
)
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Broker]:
    side = request.param(tmp_path)
    await side.revive()
    yield side
    await side.close()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as exits:
        yield exits


class Inbox:
    """A handler that collects."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Message] = asyncio.Queue()

    def __call__(self, message: Message) -> None:
        self._queue.put_nowait(message)

    async def next(self) -> Message:
        async with asyncio.timeout(10):
            return await self._queue.get()

    async def take(self, count: int) -> list[Message]:
        return [await self.next() for _ in range(count)]

    def empty(self) -> bool:
        return self._queue.empty()


async def up(bus: Bus) -> None:
    await until(bus, Connection.UP)


async def until(bus: Bus, wanted: Connection) -> None:
    async with asyncio.timeout(15):
        async for state in bus.connections():
            if state is wanted:
                return
    raise AssertionError("the stream of connections has ended")


async def started(stack: AsyncExitStack, bus: Bus) -> Bus:
    await bus.start()
    stack.push_async_callback(bus.stop)
    await up(bus)
    return bus


async def test_a_message_arrives_whole(broker: Broker, stack: AsyncExitStack) -> None:
    """Topic, payload, reply topic, correlation and properties reach the subscriber as they were sent."""
    bus, inbox = await started(stack, broker.server()), Inbox()
    await bus.subscribe(f"{NODE}/calls/+", inbox)
    await bus.publish(
        f"{NODE}/calls/logs",
        b"\0\xff hello",
        response_topic=f"{NODE}/replies/1",
        correlation=b"\1\2",
        properties={"version": "v1"},
        expiry=60,
    )
    assert await inbox.next() == Message(
        f"{NODE}/calls/logs",
        b"\0\xff hello",
        qos=1,
        retain=False,
        response_topic=f"{NODE}/replies/1",
        correlation=b"\1\2",
        properties={"version": "v1"},
    )


async def test_qos_0_arrives_too(broker: Broker, stack: AsyncExitStack) -> None:
    """A QoS 0 publish returns without waiting for the broker and is delivered at QoS 0."""
    bus, inbox = await started(stack, broker.server()), Inbox()
    await bus.subscribe(f"{NODE}/heartbeat", inbox)
    await bus.publish(f"{NODE}/heartbeat", b"beat", qos=0)
    assert await inbox.next() == Message(f"{NODE}/heartbeat", b"beat", qos=0)


@pytest.mark.parametrize(
    ("pattern", "topic", "hears"),
    [
        pytest.param("nodes/+/presence", "nodes/n1/presence", True, id="one-level"),
        pytest.param("nodes/n1/desired/#", "nodes/n1/desired/pods/default/web", True, id="many-levels"),
        pytest.param("nodes/n1/desired/#", "nodes/n1/desired", True, id="parent-of-many-levels"),
        pytest.param("nodes/+/presence", "nodes/n1/node", False, id="another-leaf"),
        pytest.param("nodes/+", "nodes/n1/node", False, id="deeper"),
        pytest.param("nodes/n1", "nodes/n12", False, id="prefix"),
    ],
)
async def test_patterns(
    broker: Broker, stack: AsyncExitStack, pattern: str, topic: str, *, hears: bool
) -> None:
    """Subscriptions follow MQTT5 4.7: + is one level, # all the rest."""
    bus, inbox, all_of_it = await started(stack, broker.server()), Inbox(), Inbox()
    await bus.subscribe(f"edgeorch/v1/{pattern}", inbox)
    await bus.subscribe("edgeorch/v1/fence", all_of_it)
    await bus.publish(f"edgeorch/v1/{topic}", b"x")
    await bus.publish("edgeorch/v1/fence", b"")
    await all_of_it.next()
    assert inbox.empty() is not hears


async def test_publish_tells_whether_anybody_listens(broker: Broker, stack: AsyncExitStack) -> None:
    """A QoS 1 publish that no subscription matches gives False (MQTT5 3.4.2.1)."""
    bus, inbox = await started(stack, broker.server()), Inbox()
    assert await bus.publish(f"{NODE}/calls/logs", b"x") is False
    await bus.subscribe(f"{NODE}/calls/+", inbox)
    assert await bus.publish(f"{NODE}/calls/logs", b"x") is True


async def test_retained_state(broker: Broker, stack: AsyncExitStack) -> None:
    """The newest retained payload meets each new subscription, marked so; an empty one clears it."""
    bus, first, second = await started(stack, broker.server()), Inbox(), Inbox()
    topic = f"{NODE}/desired/pods/default/web"
    await bus.publish(topic, b"1", retain=True, properties={"version": "a"})
    await bus.publish(topic, b"2", retain=True, properties={"version": "b"})
    await bus.subscribe(f"{NODE}/desired/#", first)
    assert await first.next() == Message(topic, b"2", 1, retain=True, properties={"version": "b"})
    await bus.publish(topic, b"", retain=True)
    assert await first.next() == Message(topic, b"", 1, retain=False)
    await bus.subscribe(f"{NODE}/desired/#", second)
    await bus.publish(f"{NODE}/desired/fence", b"x")
    assert (await second.next()).payload == b"x"


async def test_order(broker: Broker, stack: AsyncExitStack) -> None:
    """Messages arrive in the order of the publish calls, also when many are on their way at a time."""
    bus, inbox = await started(stack, broker.server()), Inbox()
    await bus.subscribe(f"{NODE}/events", inbox)
    async with asyncio.TaskGroup() as group:
        for number in range(1000):
            group.create_task(bus.publish(f"{NODE}/events", b"%d" % number))
    assert [int(m.payload) for m in await inbox.take(1000)] == list(range(1000))


async def test_large_payloads(broker: Broker, stack: AsyncExitStack) -> None:
    """A payload just below the limit passes, one above it is refused before it is sent, and nothing breaks."""
    bus, inbox = await started(stack, broker.server()), Inbox()
    await bus.subscribe(f"{NODE}/events", inbox)
    with pytest.raises(RequestEntityTooLarge):
        await bus.publish(f"{NODE}/events", bytes(6_000_000))
    await bus.publish(f"{NODE}/events", bytes(900_000))
    assert len((await inbox.next()).payload) == 900_000


@pytest.mark.parametrize("topic", ["", "a/+", "a/#", "a\0b"])
async def test_what_is_no_topic_name(broker: Broker, stack: AsyncExitStack, topic: str) -> None:
    """Wildcards, NUL and nothing are refused before they reach the broker, and the connection stays."""
    bus = await started(stack, broker.server())
    with pytest.raises(ValueError, match="topic"):
        await bus.publish(topic, b"x")
    await bus.publish(f"{NODE}/events", b"x")


async def test_a_handler_that_raises(broker: Broker, stack: AsyncExitStack) -> None:
    """A handler's exception is counted and disturbs neither the next message nor the other subscriptions."""
    bus, inbox = await started(stack, broker.server()), Inbox()

    def fragile(message: Message) -> None:
        if message.payload == b"bad":
            raise RuntimeError("no")
        inbox(message)

    await bus.subscribe(f"{NODE}/events", fragile)
    await bus.publish(f"{NODE}/events", b"bad")
    await bus.publish(f"{NODE}/events", b"good")
    assert (await inbox.next()).payload == b"good"
    assert bus.handler_faults == 1  # type: ignore[attr-defined]


async def test_unsubscribe(broker: Broker, stack: AsyncExitStack) -> None:
    """After unsubscribe returns, nothing that is published arrives."""
    bus, inbox, fence = await started(stack, broker.server()), Inbox(), Inbox()
    await bus.subscribe(f"{NODE}/events", inbox)
    await bus.subscribe(f"{NODE}/node", fence)
    await bus.unsubscribe(f"{NODE}/events")
    await bus.publish(f"{NODE}/events", b"x")
    await bus.publish(f"{NODE}/node", b"x")
    await fence.next()
    assert inbox.empty()


async def test_resubscribing_brings_retained_messages_again(broker: Broker, stack: AsyncExitStack) -> None:
    """Subscribing to a pattern again replaces its handler, which gets what is retained."""
    bus, first, second = await started(stack, broker.server()), Inbox(), Inbox()
    await bus.publish(f"{NODE}/node", b"x", retain=True)
    await bus.subscribe(f"{NODE}/node", first)
    await first.next()
    await bus.subscribe(f"{NODE}/node", second)
    await second.next()
    await bus.publish(f"{NODE}/node", b"y")
    assert (await second.next()).payload == b"y"
    assert first.empty()


async def test_publishing_without_a_connection(broker: Broker) -> None:
    """Before the first connection publish raises at once: nothing is queued across connections."""
    bus = broker.server()
    with pytest.raises(ServiceUnavailable):
        await bus.publish(f"{NODE}/events", b"x")


async def test_starting_without_a_broker(broker: Broker, stack: AsyncExitStack) -> None:
    """A bus that finds no broker goes on trying, and comes up when there is one."""
    await broker.kill()
    bus = broker.server()
    await bus.start()
    stack.push_async_callback(bus.stop)
    states = bus.connections()
    assert await anext(states) is Connection.DOWN
    await broker.revive()
    async with asyncio.timeout(15):
        assert await anext(states) is Connection.UP
    assert bus.connected


async def test_healing(broker: Broker, stack: AsyncExitStack) -> None:
    """When the broker dies, streams tell; when it is back, subscriptions are too, before UP is told."""
    bus, inbox = await started(stack, broker.server()), Inbox()
    await bus.subscribe(f"{NODE}/events", inbox)
    states = bus.connections()
    assert await anext(states) is Connection.UP
    await broker.kill()
    async with asyncio.timeout(15):
        assert await anext(states) is Connection.DOWN
    with pytest.raises(ServiceUnavailable):
        await bus.publish(f"{NODE}/events", b"lost")
    await broker.revive()
    async with asyncio.timeout(15):
        assert await anext(states) is Connection.UP
    await bus.publish(f"{NODE}/events", b"found")
    assert (await inbox.next()).payload == b"found"


async def test_subscribing_while_down(broker: Broker, stack: AsyncExitStack) -> None:
    """A subscription made without a connection returns, and holds from the next connection on."""
    await broker.kill()
    bus, inbox = broker.server(), Inbox()
    await bus.start()
    stack.push_async_callback(bus.stop)
    await bus.subscribe(f"{NODE}/events", inbox)
    await broker.revive()
    await up(bus)
    await bus.publish(f"{NODE}/events", b"x")
    await inbox.next()


async def test_publishes_on_their_way_when_the_link_breaks(broker: Broker, stack: AsyncExitStack) -> None:
    """Each either has been acknowledged or raises ServiceUnavailable; none hangs."""
    bus = await started(stack, broker.server())
    publishes = [asyncio.create_task(bus.publish(f"{NODE}/events", bytes(10_000))) for _ in range(500)]
    await asyncio.sleep(0)
    await broker.cut(bus)
    async with asyncio.timeout(15):
        results = await asyncio.gather(*publishes, return_exceptions=True)
    assert {type(r) for r in results} <= {bool, ServiceUnavailable}
    assert any(isinstance(r, ServiceUnavailable) for r in results)


async def test_last_will(broker: Broker, stack: AsyncExitStack) -> None:
    """The will is published, retained, when the connection breaks; not when the bus stops in good order."""
    server, inbox = await started(stack, broker.server()), Inbox()
    await server.subscribe("edgeorch/v1/nodes/+/presence", inbox)
    agent = await started(stack, broker.agent(WILL))
    await broker.cut(agent)
    assert (await inbox.next()).payload == b"gone"
    await up(agent)
    await agent.publish(WILL.topic, b"here", retain=True)
    assert (await inbox.next()).payload == b"here"
    await agent.stop()
    again = await started(stack, broker.agent())  # if a will were still to come, it would come before this
    await again.publish(WILL.topic, b"again", retain=True)
    assert (await inbox.next()).payload == b"again"


async def test_stop_ends_the_streams(broker: Broker, stack: AsyncExitStack) -> None:
    """After stop, a stream of connections tells DOWN and ends; stopping twice does no harm."""
    bus = await started(stack, broker.server())
    states = bus.connections()
    assert await anext(states) is Connection.UP
    await bus.stop()
    assert [state async for state in states] == [Connection.DOWN]
    await bus.stop()
    with pytest.raises(ServiceUnavailable):
        await bus.publish(f"{NODE}/events", b"x")


async def test_a_newer_client_of_the_same_id_takes_over(broker: Broker, stack: AsyncExitStack) -> None:
    """Two agents of one name: the broker lets the older connection go (MQTT5 3.1.4-3)."""
    old = await started(stack, broker.agent())
    states = old.connections()
    assert await anext(states) is Connection.UP
    await started(stack, broker.agent())
    async with asyncio.timeout(15):
        assert await anext(states) is Connection.DOWN
