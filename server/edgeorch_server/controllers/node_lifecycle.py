"""Node lifecycle: turns a node that is not heard of to Unknown, and keeps its taints in step.

The agent itself says whether it is Ready; this controller only speaks when the agent does not. What the agent
said last is remembered while a node is Unknown, so that a node that is heard of again without a new report
(heartbeats that were only delayed) gets its own conditions back.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

from edgeorch.api.core.node import Node, NodeCondition
from edgeorch.api.core.resources import NODES
from edgeorch.api.meta import format_time
from edgeorch.errors import NotFound
from edgeorch_server.controllers.node_health import Health, is_unknown, taints_for, unknown_conditions
from edgeorch_server.controllers.runner import DONE, Controller, Key, Result, Source
from edgeorch_server.registry.base import Client, Entries, NodeLiveness
from edgeorch_server.registry.recorder import EventRecorder

OFFLINE_GRACE = 0.3
"""Seconds that a broken connection is given to come back: a reconnect must not make the node flap."""


class NodeLifecycle:
    """Reconciles one Node."""

    def __init__(
        self,
        client: Client,
        liveness: NodeLiveness,
        recorder: EventRecorder,
        *,
        now: Callable[[], dt.datetime],
        grace: float,
    ) -> None:
        self._client = client
        self._liveness = liveness
        self._recorder = recorder
        self._now = now
        self._grace = grace
        self._started: float | None = None
        self._offline_since: dict[str, float] = {}
        self._reported: dict[str, list[NodeCondition]] = {}

    async def reconcile(self, key: Key) -> Result:
        """Set conditions and taints; come again when the node's silence would be too long."""
        try:
            node = self._client.get(NODES, "", key.name)
        except NotFound:
            self._offline_since.pop(key.name, None)
            self._reported.pop(key.name, None)
            return DONE
        health, again = self._judge(key.name)
        node = await self._set_conditions(node, health)
        await self._set_taints(node)
        return Result(requeue_after=again)

    def _judge(self, name: str) -> tuple[Health, float | None]:
        """Tell how we hear of a node, and in how many seconds that can change by silence alone."""
        clock = asyncio.get_running_loop().time()
        if self._started is None:
            self._started = clock
        liveness = self._liveness.of(name)
        if liveness is not None and not liveness.online:
            lost_at = self._offline_since.setdefault(name, clock) + OFFLINE_GRACE
        else:
            self._offline_since.pop(name, None)
            # Never heard of since we started: it gets the whole grace from then on.
            lost_at = (liveness.last_seen if liveness else self._started) + self._grace
        if clock >= lost_at:
            # No event tells of a node that was only silent and is heard of again over the same connection.
            return Health.LOST, self._grace if liveness is None or liveness.online else None
        return Health.FRESH, lost_at - clock

    async def _set_conditions(self, node: Node, health: Health) -> Node:
        name = node.metadata.name
        stamp = format_time(self._now())
        if health is Health.LOST:
            conditions = unknown_conditions(node.status.conditions, stamp)
            if not is_unknown(node):
                self._reported[name] = node.status.conditions
        elif is_unknown(node) and name in self._reported and self._liveness.of(name) is not None:
            conditions = [
                c.model_copy(update={"lastTransitionTime": stamp}) if c.type == "Ready" else c
                for c in self._reported.pop(name)
            ]
        else:
            return node
        if conditions == node.status.conditions:
            return node
        was, node.status.conditions = _ready(node), conditions
        node = await self._client.update_status(NODES, node)
        if _ready(node) != was:
            word = "NodeReady" if _ready(node) == "True" else "NodeNotReady"
            await self._recorder.event(node, "Normal", word, f"Node {name} status is now: {word}")
        return node

    async def _set_taints(self, node: Node) -> None:
        taints = taints_for(node, format_time(self._now()))
        if taints != node.spec.taints:
            node.spec.taints = taints
            await self._client.update(NODES, node)


def _ready(node: Node) -> str:
    return next((c.status for c in node.status.conditions if c.type == "Ready"), "Unknown")


async def run_node_lifecycle(reconciler: NodeLifecycle, objects: Entries, liveness: NodeLiveness) -> None:
    """Run the controller; besides node objects, changes of the connections wake it."""
    controller = Controller("node-lifecycle", reconciler, [Source(NODES)], objects)

    async def follow_connections() -> None:
        async for name in liveness.changes():
            controller.queue.add(Key("", name))

    async with asyncio.TaskGroup() as group:
        group.create_task(controller.run(), name="node-lifecycle")
        group.create_task(follow_connections(), name="node-lifecycle-connections")
