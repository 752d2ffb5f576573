"""Who is connected: presence (retained, and the last will) and heartbeats, as NodeLiveness.

Silence counts only while we can hear: without a connection to the broker, and just after it is back, no node
is older than that connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from edgeorch.mqtt.bus import Bus, Connection, Message
from edgeorch.mqtt.changed import Changed
from edgeorch.mqtt.messages import Heartbeat, Presence
from edgeorch.mqtt.topics import NodeTopic, Topics
from edgeorch_server.fleet.garbage import Garbage
from edgeorch_server.registry.base import Liveness

logger = logging.getLogger(__name__)

SILENCE_SECONDS = 45.0
"""A heartbeat after a longer pause is told as a change: the node may have been taken for lost meanwhile."""

HeartbeatListener = Callable[[str, Heartbeat], None]


class PresenceTracker:
    """Implements :class:`edgeorch_server.registry.base.NodeLiveness`; :meth:`run` is its task."""

    def __init__(self, bus: Bus, topics: Topics, garbage: Garbage, on_heartbeat: HeartbeatListener) -> None:
        self._bus = bus
        self._topics = topics
        self._garbage = garbage
        self._on_heartbeat = on_heartbeat
        self._nodes: dict[str, Liveness] = {}
        self._beats: dict[str, Heartbeat] = {}  # the last one of each node, on this connection of ours
        self._hearing_since: float | None = None
        self._listeners: set[_Listener] = set()

    def of(self, node: str) -> Liveness | None:
        """Look up a node; None when it has not been heard of since the server started."""
        known = self._nodes.get(node)
        if known is None:
            return None
        since = asyncio.get_running_loop().time() if self._hearing_since is None else self._hearing_since
        return replace(known, last_seen=max(known.last_seen, since))

    async def changes(self) -> AsyncIterator[str]:
        """Stream the names of nodes that came, went, began a new session or broke a long silence."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            while True:
                yield await listener.next()
        finally:
            self._listeners.discard(listener)

    async def run(self) -> None:
        """Listen, for ever."""
        await self._bus.subscribe(self._topics.pattern("nodes/+/presence"), self._receive_presence)
        await self._bus.subscribe(self._topics.pattern("nodes/+/heartbeat"), self._receive_heartbeat)
        async for state in self._bus.connections():
            up = state is Connection.UP
            self._hearing_since = asyncio.get_running_loop().time() if up else None
            self._beats.clear()

    def _receive_presence(self, message: Message) -> None:
        topic = self._topics.find(message.topic)
        if not message.payload or not isinstance(topic, NodeTopic):
            return
        try:
            presence = Presence.decode(message.payload)
        except ValueError as exc:
            self._garbage.add(topic.node, "malformed presence", exc)
            return
        known = self._nodes.get(topic.node)
        if known is not None and not presence.online and presence.session != known.session and known.online:
            return  # the last will of a session that another one has replaced
        self._set(topic.node, presence.session, online=presence.online)

    def _receive_heartbeat(self, message: Message) -> None:
        topic = self._topics.find(message.topic)
        if not isinstance(topic, NodeTopic):
            return
        try:
            beat = Heartbeat.decode(message.payload)
        except ValueError as exc:
            self._garbage.add(topic.node, "malformed heartbeat", exc)
            return
        self._set(topic.node, beat.s, online=True)
        self._note_missing(topic.node, beat)
        self._on_heartbeat(topic.node, beat)

    def _note_missing(self, node: str, beat: Heartbeat) -> None:
        """Tell of a link or a broker that loses heartbeats, long before a node counts as lost."""
        last, self._beats[node] = self._beats.get(node), beat
        if last is not None and last.s == beat.s and beat.n > last.n + 1:
            logger.info("node %s: heartbeats that did not arrive: %d", node, beat.n - last.n - 1)

    def _set(self, node: str, session: str, *, online: bool) -> None:
        now = asyncio.get_running_loop().time()
        old, new = self._nodes.get(node), Liveness(online=online, session=session, last_seen=now)
        self._nodes[node] = new
        same = old is not None and (old.online, old.session) == (online, session)
        if not same or (old is not None and now - old.last_seen > SILENCE_SECONDS):
            for listener in self._listeners:
                listener.add(node)


class _Listener:
    """One stream of changes; a node that changes twice before anybody looks is told once."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}
        self._changed = Changed()

    def add(self, name: str) -> None:
        self._names[name] = None
        self._changed.notify()

    async def next(self) -> str:
        await self._changed.until(lambda: bool(self._names))
        name = next(iter(self._names))
        del self._names[name]
        return name
