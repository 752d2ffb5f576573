"""An MQTT broker in memory, and buses on it; kept honest by ``tests/contracts/test_bus.py``.

Everything is delivered on the event loop, one ``call_soon`` per message and in order. What goes wrong is
scripted: :meth:`FakeBroker.stop` and :meth:`~FakeBroker.start` (with or without its memory),
:meth:`FakeBroker.cut` (one client's link breaks, its will is sent), and ``intercept``, which sees each delivery
and may drop, repeat or delay it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from edgeorch.errors import Forbidden, RequestEntityTooLarge, ServiceUnavailable
from edgeorch.mqtt.bus import Connection, Handler, Message, Will
from edgeorch.mqtt.changed import Changed
from edgeorch.mqtt.connections import ConnectionFeed
from edgeorch.mqtt.filters import FilterMap, check_name, matches
from edgeorch.mqtt.settings import MAX_PACKET

RETRY_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one client."""

    client_id: str
    message: Message


class FakeBroker:
    """The broker: retained messages, subscriptions, wills, a switch."""

    def __init__(self, *, max_packet: int = MAX_PACKET) -> None:
        self.retained: dict[str, Message] = {}
        self.published: list[Message] = []
        """Everything that was accepted, wills included."""
        self.running = True
        self.switched = Changed()
        self.allow: Callable[[str, str], bool] = lambda _client_id, _topic: True
        """The access list for publishing."""
        self.intercept: Callable[[Delivery], Iterable[Delivery]] = lambda delivery: (delivery,)
        """Gives what to deliver in a delivery's place."""
        self.max_packet = max_packet
        self._buses: dict[str, FakeBus] = {}

    def bus(self, client_id: str, will: Will | None = None) -> FakeBus:
        """Make a bus; it connects when started."""
        return FakeBus(self, client_id, will)

    def stop(self) -> None:
        """Kill the broker: every connection breaks, no will is sent."""
        self.running = False
        for bus in list(self._buses.values()):
            bus.break_link()
        self._buses.clear()

    def start(self, *, forget: bool = True) -> None:
        """Start it again; buses connect at their next attempt."""
        if forget:
            self.retained.clear()
        self.running = True
        self.switched.notify()

    def cut(self, client_id: str) -> None:
        """Break one client's connection without a DISCONNECT: its will is sent (MQTT5 3.1.2.5)."""
        bus = self._buses.pop(client_id)
        bus.break_link()
        if bus.will is not None:
            self.accept(Message(bus.will.topic, bus.will.payload, bus.will.qos, bus.will.retain))

    def attach(self, bus: FakeBus) -> None:
        """Let a client in; an older connection of the same id is taken over."""
        if bus.client_id in self._buses:
            self.cut(bus.client_id)
        self._buses[bus.client_id] = bus

    def detach(self, bus: FakeBus) -> None:
        """Let a client go in good order: its will is forgotten."""
        if self._buses.get(bus.client_id) is bus:
            del self._buses[bus.client_id]

    def accept(self, message: Message) -> bool:
        """Take a PUBLISH; True when anybody has subscribed to it."""
        self.published.append(message)
        if message.retain:
            if message.payload:
                self.retained[message.topic] = message
            else:
                self.retained.pop(message.topic, None)
        live = replace(message, retain=False)
        subscribers = [bus for bus in self._buses.values() if bus.subscribed(message.topic)]
        for bus in subscribers:
            self._send(bus, live)
        return bool(subscribers)

    def send_retained(self, bus: FakeBus, pattern: str) -> None:
        """Deliver what is retained to a new subscription."""
        for topic, message in list(self.retained.items()):
            if matches(pattern, topic):
                self._send(bus, message)

    def _send(self, bus: FakeBus, message: Message) -> None:
        for delivery in self.intercept(Delivery(bus.client_id, message)):
            bus.receive_soon(delivery.message)


class FakeBus:
    """Implements :class:`edgeorch.mqtt.bus.Bus` on a :class:`FakeBroker`."""

    def __init__(self, broker: FakeBroker, client_id: str, will: Will | None = None) -> None:
        self.client_id = client_id
        self.will = will
        self.handler_faults = 0
        self._broker = broker
        self._subscriptions: FilterMap[tuple[Handler, int]] = FilterMap()
        self._feed = ConnectionFeed()
        self._link = 0  # number of the connection; what was sent on an older one is lost
        self._task: asyncio.Task[None] | None = None
        self._broken = asyncio.Event()

    @property
    def connected(self) -> bool:
        return self._feed.up

    async def start(self) -> None:
        if self._task is not None:
            raise RuntimeError("the bus has been started already")
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._broker.detach(self)
        self._link += 1
        self._feed.end()

    def connections(self) -> AsyncIterator[Connection]:
        return self._feed.listen()

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        response_topic: str = "",
        correlation: bytes = b"",
        properties: Mapping[str, str] | None = None,
        expiry: int | None = None,
    ) -> bool:
        del expiry  # nothing waits here long enough to expire
        check_name(topic)
        if not self.connected:
            raise ServiceUnavailable("not connected to the MQTT broker")
        if len(topic) + len(payload) > self._broker.max_packet:
            raise RequestEntityTooLarge(f"message of {len(payload)} bytes for {topic}")
        link = self._link
        await asyncio.sleep(0)  # the real one waits for the broker here
        if link != self._link:
            raise ServiceUnavailable("connection to the MQTT broker lost")
        if not self._broker.allow(self.client_id, topic):
            if qos == 0:
                return True
            raise Forbidden(f"the MQTT broker refused a message for {topic}: Not authorized")
        heard = self._broker.accept(
            Message(topic, payload, qos, retain, response_topic, correlation, dict(properties or {}))
        )
        return heard or qos == 0

    async def subscribe(self, pattern: str, handler: Handler, *, qos: int = 1) -> None:
        self._subscriptions[pattern] = (handler, qos)
        if self.connected:
            self._broker.send_retained(self, pattern)

    async def unsubscribe(self, pattern: str) -> None:
        self._subscriptions.pop(pattern)

    def subscribed(self, topic: str) -> bool:
        """Tell the broker whether this client wants the topic."""
        return bool(self._subscriptions.find(topic))

    def receive_soon(self, message: Message) -> None:
        """Deliver, for the broker, on this connection, or not at all."""
        asyncio.get_running_loop().call_soon(self._receive, self._link, message)

    def break_link(self) -> None:
        """Lose the connection, for the broker."""
        self._link += 1
        self._feed.set_down()
        self._broken.set()

    def _receive(self, link: int, message: Message) -> None:
        if link != self._link:
            return
        for handler, qos in self._subscriptions.find(message.topic):
            try:
                handler(replace(message, qos=min(qos, message.qos)))
            except Exception:  # noqa: BLE001 (the obligation: a handler's fault disturbs nobody)
                self.handler_faults += 1

    async def _run(self) -> None:
        while True:
            await self._broker.switched.until(lambda: self._broker.running)
            self._broken.clear()
            self._broker.attach(self)
            for pattern in self._subscriptions:
                self._broker.send_retained(self, pattern)
            self._feed.set_up()
            await self._broken.wait()
            await asyncio.sleep(RETRY_SECONDS)


async def ready(bus: FakeBus, state: Connection = Connection.UP) -> None:
    """Wait until a bus is connected (or is not)."""
    async for current in bus.connections():
        if current is state:
            return
