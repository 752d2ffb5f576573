"""What the agent tells the world: state that must arrive in its newest form, and events that may be dropped.

The link may be down for days. State (presence, node, pod statuses) is kept as the latest payload per topic and
published again after every connect, because the broker may have forgotten it; sequences and sessions in the
payloads make the repetition harmless. Events wait in a bounded queue, and the oldest are dropped first.

What the broker refuses for good (not allowed, too large) is dropped with a warning, so that the rest goes out.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from edgeorch.errors import ApiError, ServiceUnavailable
from edgeorch.mqtt.bus import Bus, Connection

logger = logging.getLogger(__name__)

MAX_EVENTS = 512
RETRY_SECONDS = 1.0


class Outbox:
    """Publishes on one bus; :meth:`run` is the only coroutine."""

    def __init__(self, bus: Bus, max_events: int = MAX_EVENTS) -> None:
        self._bus = bus
        self._state: dict[str, bytes] = {}
        self._dirty: dict[str, None] = {}  # a dict keeps the order of change
        self._events: deque[tuple[str, bytes]] = deque(maxlen=max_events)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._up = False

    def set(self, topic: str, payload: bytes) -> None:
        """Publish this as the topic's retained state, now or as soon as there is a connection."""
        if self._state.get(topic) != payload:
            self._state[topic] = payload
            self._mark(topic)

    def clear(self, topic: str) -> None:
        """Take a state back: an empty retained payload (MQTT5 3.3.1.3).

        The empty payload is not repeated on later connects: a broker that forgot everything has nothing to
        clear, and one that was told keeps to it.
        """
        if self._state.pop(topic, None) is not None:
            self._mark(topic)

    def event(self, topic: str, payload: bytes) -> None:
        """Publish once, when possible; the oldest waiting event makes room."""
        self._events.append((topic, payload))
        self._changed()

    async def drained(self) -> None:
        """Return when everything that can be published has been: all of it, or nothing without a link."""
        await self._idle.wait()

    async def run(self) -> None:
        """Publish for ever."""
        connections = asyncio.create_task(self._follow_connections(), name="outbox-connections")
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                if self._up:
                    await self._flush()
                self._idle.set()
        finally:
            connections.cancel()

    async def _follow_connections(self) -> None:
        async for connection in self._bus.connections():
            self._up = connection is Connection.UP
            if self._up:
                self._dirty |= dict.fromkeys(self._state)
                self._changed()

    async def _flush(self) -> None:
        while self._dirty or self._events:
            try:
                if self._dirty:
                    await self._publish_state(next(iter(self._dirty)))
                else:
                    await self._publish_event(self._events[0])
            except ServiceUnavailable:
                logger.debug("link down with %d states to publish", len(self._dirty))
                if self._up:  # refused, but not disconnected: nothing else would wake us
                    asyncio.get_running_loop().call_later(RETRY_SECONDS, self._wake.set)
                return

    async def _publish_state(self, topic: str) -> None:
        payload = self._state.get(topic, b"")
        await self._publish(topic, payload, retain=True)
        if self._state.get(topic, b"") == payload:  # else it changed meanwhile, and stays dirty
            self._dirty.pop(topic, None)

    async def _publish_event(self, event: tuple[str, bytes]) -> None:
        await self._publish(*event)
        if self._events and self._events[0] is event:  # else it made room meanwhile
            self._events.popleft()

    async def _publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish; raises only what may go better the next time."""
        try:
            await self._bus.publish(topic, payload, retain=retain)
        except ServiceUnavailable:
            raise
        except ApiError as exc:
            logger.warning("dropped a message for %s: %s", topic, exc)

    def _mark(self, topic: str) -> None:
        self._dirty.pop(topic, None)
        self._dirty[topic] = None
        self._changed()

    def _changed(self) -> None:
        self._idle.clear()
        self._wake.set()
