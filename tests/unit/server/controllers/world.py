"""A control plane in memory for controller tests: a real registry, a wall clock tied to the loop's."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

from edgeorch.api.core.node import Node
from edgeorch.api.core.resources import NODES
from edgeorch.api.table import default_table
from edgeorch_server.registry.base import Liveness
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore

EPOCH = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)


class FakeLiveness:
    """A scripted NodeLiveness."""

    def __init__(self) -> None:
        self._nodes: dict[str, Liveness] = {}
        self._news: asyncio.Queue[str] = asyncio.Queue()

    def of(self, node: str) -> Liveness | None:
        return self._nodes.get(node)

    async def changes(self) -> AsyncIterator[str]:
        while True:
            yield await self._news.get()

    def heard(self, node: str, *, online: bool = True, tell: bool = True, session: str = "s1") -> None:
        self._nodes[node] = Liveness(online, session, asyncio.get_running_loop().time())
        if tell:
            self._news.put_nowait(node)


class World:
    """What a controller works with."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.registry = Registry(self.store, default_table(), now=self.now)
        self.liveness = FakeLiveness()

    def now(self) -> dt.datetime:
        return EPOCH + dt.timedelta(seconds=asyncio.get_running_loop().time())

    async def add_node(self, name: str, **spec: Any) -> Node:
        """Register a node that reports itself Ready."""
        conditions = [
            {"type": kind, "status": status, "lastTransitionTime": "2026-05-01T11:00:00Z"}
            for kind, status in (
                ("MemoryPressure", "False"),
                ("DiskPressure", "False"),
                ("PIDPressure", "False"),
                ("Ready", "True"),
            )
        ]
        node = await self.registry.create(NODES, Node.from_dict({"metadata": {"name": name}, "spec": spec}))
        node.status = node.status.model_copy(
            update={
                "conditions": Node.from_dict({"status": {"conditions": conditions}}).status.conditions,
                "allocatable": {"cpu": "4", "memory": "4Gi", "pods": "110"},
            }
        )
        return await self.registry.update_status(NODES, node)
