"""The fleet: all agents, seen from the server. Puts the parts together that speak MQTT with them."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

from edgeorch.mqtt.bus import Bus
from edgeorch.mqtt.calls import Caller
from edgeorch.mqtt.streams import StreamHub
from edgeorch.mqtt.topics import Topics
from edgeorch_server.fleet.calls import FleetCalls
from edgeorch_server.fleet.desired import DesiredIndex
from edgeorch_server.fleet.event_ingest import EventIngest
from edgeorch_server.fleet.garbage import Garbage
from edgeorch_server.fleet.node_ingest import NodeIngest
from edgeorch_server.fleet.presence import PresenceTracker
from edgeorch_server.fleet.publisher import DesiredPublisher
from edgeorch_server.fleet.status_ingest import StatusIngest
from edgeorch_server.fleet.sync import SyncAnswerer
from edgeorch_server.registry.base import Client, NodeCalls, NodeLiveness

MAX_STREAMS = 4096


def anybody(_: str) -> bool:
    """Let every node register itself: who has a certificate has been let in already."""
    return True


class Fleet:
    """Runs on one bus, which somebody else starts and stops; :meth:`run` is its task."""

    def __init__(
        self,
        bus: Bus,
        topics: Topics,
        client: Client,
        *,
        now: Callable[[], dt.datetime],
        may_register: Callable[[str], bool] = anybody,
    ) -> None:
        self.garbage = Garbage()
        self.index = DesiredIndex()
        self.publisher = DesiredPublisher(bus, topics, client, self.index)
        self.sync = SyncAnswerer(bus, topics, self.index, self.publisher, self.garbage)
        self._presence = PresenceTracker(bus, topics, self.garbage, self.sync.heartbeat)
        self._statuses = StatusIngest(bus, topics, client, self.index, self._presence, self.garbage)
        self._nodes = NodeIngest(bus, topics, client, self._presence, self.garbage, now, may_register)
        self._events = EventIngest(bus, topics, client, self.index, self.garbage)
        self._caller = Caller(bus, topics)
        self._hub = StreamHub(bus, topics, max_streams=MAX_STREAMS)
        self._calls = FleetCalls(self._caller, self._hub, self._presence)

    @property
    def liveness(self) -> NodeLiveness:
        """Who is connected."""
        return self._presence

    @property
    def calls(self) -> NodeCalls:
        """Requests to agents."""
        return self._calls

    async def run(self) -> None:
        """Run for ever. What judges by the index waits until it holds everything that exists."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._presence.run(), name="fleet-presence")
            group.create_task(self.publisher.run(), name="fleet-publisher")
            group.create_task(self._caller.run(), name="fleet-calls")
            group.create_task(self._hub.run(), name="fleet-streams")
            await self.publisher.loaded()
            group.create_task(self.sync.run(), name="fleet-sync")
            group.create_task(self._nodes.run(), name="fleet-nodes")
            group.create_task(self._statuses.run(), name="fleet-statuses")
            group.create_task(self._events.run(), name="fleet-events")
