"""Takes the agents' reports of their nodes into the store; a node that is not known yet registers itself."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable

from pydantic import ValidationError

from edgeorch.api.core.node import Node
from edgeorch.api.core.resources import NODES
from edgeorch.api.meta import format_time
from edgeorch.errors import Forbidden, Invalid, NotFound
from edgeorch.mqtt.bus import Bus, Message
from edgeorch.mqtt.messages import load_object
from edgeorch.mqtt.topics import NodeTopic, Topics
from edgeorch_server.fleet.garbage import Garbage
from edgeorch_server.fleet.node_states import merge_labels, merge_node_status, new_node
from edgeorch_server.fleet.presence import PresenceTracker
from edgeorch_server.fleet.workers import work
from edgeorch_server.registry.base import Client
from edgeorch_server.workqueue import WorkQueue

logger = logging.getLogger(__name__)


class NodeIngest:
    """Node reports. The newest one of each node is kept, and applied whenever the node is connected.

    While it is not, its last report is history: the broker retains it, but what is true of the node then is
    the node lifecycle controller's to say.
    """

    def __init__(
        self,
        bus: Bus,
        topics: Topics,
        client: Client,
        presence: PresenceTracker,
        garbage: Garbage,
        now: Callable[[], dt.datetime],
        may_register: Callable[[str], bool],
    ) -> None:
        self._bus = bus
        self._topics = topics
        self._client = client
        self._presence = presence
        self._garbage = garbage
        self._now = now
        self._may_register = may_register
        self._reports: dict[str, bytes] = {}
        self._queue: WorkQueue[str] = WorkQueue()

    async def run(self) -> None:
        """Ingest, for ever."""
        await self._bus.subscribe(self._topics.pattern("nodes/+/node"), self._receive)
        async with asyncio.TaskGroup() as group:
            group.create_task(work(self._queue, self._ingest), name="node-reports")
            group.create_task(self._follow_presence(), name="node-presence")

    async def _follow_presence(self) -> None:
        async for node in self._presence.changes():
            if node in self._reports:
                self._queue.add(node)

    def _receive(self, message: Message) -> None:
        topic = self._topics.find(message.topic)
        if not isinstance(topic, NodeTopic) or not message.payload:
            return
        try:
            _read(topic.node, message.payload)
        except ValueError as exc:
            self._garbage.add(topic.node, "malformed node", exc)
            return
        self._reports[topic.node] = message.payload
        self._queue.add(topic.node)

    async def _ingest(self, name: str) -> None:
        liveness = self._presence.of(name)
        if liveness is None or not liveness.online:
            return  # comes again with its presence
        reported = _read(name, self._reports[name])
        try:
            await self._write(name, reported)
        except (Invalid, Forbidden) as exc:
            self._garbage.add(name, "invalid node", exc)

    async def _write(self, name: str, reported: Node) -> None:
        try:
            stored = self._client.get(NODES, "", name)
        except NotFound:
            if not self._may_register(name):
                self._garbage.add(name, "node that may not register", name)
                return
            await self._client.create(NODES, new_node(name, reported, format_time(self._now())))
            logger.info("node %s has registered", name)
            return
        labels = merge_labels(stored, reported)
        if labels != stored.metadata.labels:
            stored.metadata.labels = labels
            stored = await self._client.update(NODES, stored)
        status = merge_node_status(stored.status, reported.status, format_time(self._now()))
        if status is not None:
            await self._client.update_status(NODES, stored.model_copy(update={"status": status}))


def _read(name: str, payload: bytes) -> Node:
    """Read a report; raises ValueError (ValidationError is one) for anything but this node's."""
    try:
        node = Node.from_dict(load_object(payload))
    except ValidationError as exc:
        raise ValueError(f"{exc.error_count()} bad fields, first: {exc.errors()[0]['loc']}") from exc
    if node.metadata.name != name:
        raise ValueError(f"calls itself {node.metadata.name!r}")
    return node
