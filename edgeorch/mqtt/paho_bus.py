"""The real Bus: one paho connection after the other, healed for ever."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgeorch.errors import ApiError, Forbidden, RequestEntityTooLarge, ServiceUnavailable
from edgeorch.mqtt.backoff import Backoff
from edgeorch.mqtt.bus import Connection, Handler, Message, Will
from edgeorch.mqtt.connections import ConnectionFeed
from edgeorch.mqtt.filters import FilterMap, check_name
from edgeorch.mqtt.paho_link import FAILED, Link, LinkError, new_properties
from edgeorch.mqtt.settings import MqttSettings

logger = logging.getLogger(__name__)

NO_MATCHING_SUBSCRIBERS = 0x10
NOT_AUTHORIZED = 0x87
SETTLED_SECONDS = 10.0
"""A connection that lasted this long counts as a success, and the back-off begins anew."""
STOP_SECONDS = 2.0
"""How long a DISCONNECT may take before the connection is cut."""
PACKET_OVERHEAD = 1024
"""Bytes of a PUBLISH besides topic and payload: our properties are short."""


@dataclass(frozen=True, slots=True)
class _Subscription:
    handler: Handler
    qos: int


class PahoBus:
    """Implements :class:`edgeorch.mqtt.bus.Bus`. Not thread-safe: belongs to the loop that started it."""

    def __init__(
        self, settings: MqttSettings, will: Will | None = None, backoff: Backoff | None = None
    ) -> None:
        self._settings = settings
        self._will = will
        self._backoff = backoff or Backoff()
        self._subscriptions: FilterMap[_Subscription] = FilterMap()
        self._feed = ConnectionFeed()
        self._link: Link | None = None  # set while connected, subscriptions included
        self._window = asyncio.Semaphore(settings.in_flight)
        self._task: asyncio.Task[None] | None = None
        self.handler_faults = 0
        """Messages whose handler raised."""

    @property
    def connected(self) -> bool:
        """Whether a connection is up right now."""
        return self._feed.up

    async def start(self) -> None:
        """Begin connecting; returns at once."""
        if self._task is not None:
            raise RuntimeError("the bus has been started already")
        self._task = asyncio.create_task(self._run(), name=f"mqtt-{self._settings.client_id}")

    async def stop(self) -> None:
        """Disconnect in good order and end all streams; safe to call twice."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._feed.end()

    def connections(self) -> AsyncIterator[Connection]:
        """Stream the connection's changes, beginning with the present state."""
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
        """Publish; see :meth:`edgeorch.mqtt.bus.Bus.publish`."""
        check_name(topic)
        wire = _properties(response_topic, correlation, properties, expiry)
        async with self._window:
            link = self._link
            if link is None:
                raise ServiceUnavailable("not connected to the MQTT broker")
            if len(topic.encode()) + len(payload) + PACKET_OVERHEAD > link.max_packet:
                raise RequestEntityTooLarge(
                    f"message of {len(payload)} bytes for {topic} is over the MQTT broker's limit of"
                    f" {link.max_packet} bytes a packet"
                )
            reason = await self._answer(link.publish(topic, payload, qos, retain=retain, properties=wire))
        if reason.value >= FAILED:
            raise _refusal(f"the MQTT broker refused a message for {topic}", reason)
        return bool(reason.value != NO_MATCHING_SUBSCRIBERS)

    async def subscribe(self, pattern: str, handler: Handler, *, qos: int = 1) -> None:
        """Subscribe now and after every reconnect; see :meth:`edgeorch.mqtt.bus.Bus.subscribe`."""
        self._subscriptions[pattern] = _Subscription(handler, qos)
        if self._link is not None:
            reason = await self._answer(self._link.subscribe({pattern: qos}))
            if reason.value >= FAILED:
                self._subscriptions.pop(pattern)
                raise _refusal(f"the MQTT broker refused the subscription to {pattern}", reason)

    async def unsubscribe(self, pattern: str) -> None:
        """End a subscription."""
        if self._subscriptions.pop(pattern) is not None and self._link is not None:
            await self._answer(self._link.unsubscribe(pattern))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            link = Link(self._settings, self._will, self._deliver)
            try:
                await self._open(link)
                logger.info("connected to MQTT broker %s:%d", self._settings.host, self._settings.port)
                began, failures = loop.time(), 0
                reason = await asyncio.shield(link.closed)  # the link sets it, whatever happens to us
                if loop.time() - began >= SETTLED_SECONDS:
                    self._backoff.reset()
                logger.warning("connection to the MQTT broker ended: %s", reason)
            except (LinkError, TimeoutError) as exc:
                failures += 1
                level = logging.WARNING if failures == 1 else logging.DEBUG
                broker = f"{self._settings.host}:{self._settings.port}"
                logger.log(level, "no connection to MQTT broker %s: %s", broker, exc or "no answer in time")
            finally:
                self._link = None
                self._feed.set_down()
                await self._close(link)
            await asyncio.sleep(self._backoff.next())

    async def _open(self, link: Link) -> None:
        link.start()
        async with asyncio.timeout(3 * self._settings.connect_timeout):
            await asyncio.shield(link.connected)
            self._window = asyncio.Semaphore(link.in_flight)
            done: dict[str, int] = {}
            while missing := {p: self._subscriptions[p].qos for p in self._subscriptions if p not in done}:
                reason = await link.subscribe(missing)
                if reason.value >= FAILED:
                    raise LinkError(f"subscription refused: {reason}")
                done |= missing
        self._link = link
        self._feed.set_up()

    async def _close(self, link: Link) -> None:
        """End a link; this is also the way out when the bus is stopped, so it must not wait for long."""
        if link.connected.done() and not link.closed.done():
            link.disconnect()
            await asyncio.wait([link.closed], timeout=STOP_SECONDS)
        link.abort()

    def _deliver(self, message: Message) -> None:
        for subscription in self._subscriptions.find(message.topic):
            try:
                subscription.handler(message)
            except Exception:
                self.handler_faults += 1
                logger.exception("the handler of a message failed", extra={"topic": message.topic})

    async def _answer(self, future: asyncio.Future[ReasonCode]) -> ReasonCode:
        try:
            return await future
        except LinkError as exc:
            raise ServiceUnavailable(f"connection to the MQTT broker lost: {exc}") from exc


def _properties(
    response_topic: str, correlation: bytes, user: Mapping[str, str] | None, expiry: int | None
) -> Properties | None:
    if not (response_topic or correlation or user or expiry is not None):
        return None
    properties = new_properties(PacketTypes.PUBLISH)
    if response_topic:
        properties.ResponseTopic = response_topic
    if correlation:
        properties.CorrelationData = correlation
    if user:
        properties.UserProperty = list(user.items())
    if expiry is not None:
        properties.MessageExpiryInterval = expiry
    return properties


def _refusal(what: str, reason: ReasonCode) -> ApiError:
    refused = Forbidden if reason.value == NOT_AUTHORIZED else ServiceUnavailable
    return refused(f"{what}: {reason}")
