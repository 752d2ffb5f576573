"""Takes the agents' core/v1 Events into the store. Events are for people: under pressure they are dropped."""

from __future__ import annotations

import logging
from collections import Counter, deque

from pydantic import ValidationError

from edgeorch.api.core.event import Event
from edgeorch.api.core.resources import EVENTS
from edgeorch.api.meta import ObjectMeta
from edgeorch.api.names import dns_subdomain_problems
from edgeorch.errors import AlreadyExists, ApiError, NotFound
from edgeorch.mqtt.bus import Bus, Message
from edgeorch.mqtt.changed import Changed
from edgeorch.mqtt.messages import load_object
from edgeorch.mqtt.topics import NodeTopic, Topics
from edgeorch_server.fleet.desired import DesiredIndex
from edgeorch_server.fleet.garbage import Garbage
from edgeorch_server.registry.base import Client

logger = logging.getLogger(__name__)

MAX_WAITING = 4096
MAX_WAITING_PER_NODE = 256
"""So that one node cannot crowd the others out."""


class EventIngest:
    """Events. An agent may report about its own node and about pods that are on it, or were."""

    def __init__(self, bus: Bus, topics: Topics, client: Client, index: DesiredIndex, garbage: Garbage) -> None:
        self._bus = bus
        self._topics = topics
        self._client = client
        self._index = index
        self._garbage = garbage
        self._waiting: deque[tuple[str, Event]] = deque()
        self._per_node: Counter[str] = Counter()
        self._changed = Changed()

    async def run(self) -> None:
        """Ingest, for ever."""
        await self._bus.subscribe(self._topics.pattern("nodes/+/events"), self._receive)
        while True:
            await self._changed.until(lambda: bool(self._waiting))
            node, event = self._waiting.popleft()
            self._per_node[node] -= 1
            if not self._per_node[node]:
                del self._per_node[node]
            try:
                await self._write(event)
            except ApiError as exc:
                self._garbage.add(node, "event that cannot be stored", exc)
            except Exception:
                logger.exception("an event of node %s could not be taken in", node)

    def _receive(self, message: Message) -> None:
        topic = self._topics.find(message.topic)
        if not isinstance(topic, NodeTopic) or not message.payload:
            return
        node = topic.node
        if len(self._waiting) >= MAX_WAITING or self._per_node[node] >= MAX_WAITING_PER_NODE:
            self._garbage.add(node, "event too many", message.topic)
            return
        try:
            event = self._read(node, message.payload)
        except ValueError as exc:
            self._garbage.add(node, "malformed event", exc)
            return
        self._waiting.append((node, event))
        self._per_node[node] += 1
        self._changed.notify()

    def _read(self, node: str, payload: bytes) -> Event:
        """Read an event; what says where it comes from is set by us. Raises ValueError."""
        try:
            event = Event.from_dict(load_object(payload))
        except ValidationError as exc:
            raise ValueError(f"{exc.error_count()} bad fields, first: {exc.errors()[0]['loc']}") from exc
        if problems := dns_subdomain_problems(event.metadata.name):
            raise ValueError(f"named {event.metadata.name!r}: {problems[0]}")
        about = event.involvedObject
        match about.kind:
            case "Pod":
                pod = self._index.pod(about.uid)
                if pod is not None and pod.node != node:
                    raise ValueError(f"about pod {about.uid} of another node")
            case "Node":
                if about.name != node:
                    raise ValueError(f"about node {about.name!r}")
            case _:
                raise ValueError(f"about a {about.kind!r}")
        meta = ObjectMeta(name=event.metadata.name, namespace=event.metadata.namespace)
        source = event.source.model_copy(update={"host": node})
        return event.model_copy(update={"metadata": meta, "source": source, "reportingInstance": node})

    async def _write(self, event: Event) -> None:
        """Create the event, or count it up: a repeated one comes again under its name."""
        try:
            await self._client.create(EVENTS, event)
        except AlreadyExists:
            await self._count_up(event)

    async def _count_up(self, event: Event) -> None:
        try:
            stored = self._client.get(EVENTS, event.metadata.namespace, event.metadata.name)
        except NotFound:
            return  # expired just now
        if (stored.source.host, stored.involvedObject.uid) != (event.source.host, event.involvedObject.uid):
            self._garbage.add(event.source.host, "event under a name of somebody else's", event.metadata.name)
            return
        newer = event.count > stored.count or _series(event) > _series(stored)
        if newer:
            metadata = stored.metadata
            await self._client.update(
                EVENTS,
                event.model_copy(
                    update={
                        "metadata": metadata,
                        "firstTimestamp": stored.firstTimestamp or event.firstTimestamp,
                    }
                ),
            )


def _series(event: Event) -> int:
    return event.series.count if event.series is not None else 0
