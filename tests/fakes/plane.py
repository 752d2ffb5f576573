"""A whole control plane in memory: every controller and the scheduler run, on virtual time, with scripted nodes."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from edgeorch.api.core.node import Node
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.errors import Conflict, NotFound
from edgeorch.pki import Pair, create_ca, new_key
from edgeorch_server.access.jwt import SigningKey
from edgeorch_server.controllers.definitions.controller import definition_controller
from edgeorch_server.controllers.runner import Controller
from edgeorch_server.controllers.wiring import access_controllers, all_controllers, plain_controllers
from edgeorch_server.metrics.node_stats import NodeStatsCache
from edgeorch_server.metrics.pod_usage import PodUsages
from edgeorch_server.registry.base import Liveness
from edgeorch_server.registry.follow import follow_entries
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.scheduler.scheduler import Scheduler
from edgeorch_server.store.base import Entry, Event
from tests.fakes.usage import Meters
from tests.fakes.workloads import EPOCH, Workshop

NEVER_READY = "nginx:broken"
"""Pods of this image run, and never get ready."""
GRACE = 40
"""Seconds that a node may be silent."""


@functools.cache
def _keys() -> tuple[SigningKey, Pair]:
    """Make what signs tokens and certificates, once: it is slow, and nothing of it is ever written to."""
    return SigningKey.from_pem(new_key()), create_ca(EPOCH)


class Present:
    """All nodes are connected and send their heartbeats, but for those that are lost."""

    def __init__(self) -> None:
        self.lost: dict[str, float] = {}
        self._news: asyncio.Queue[str] = asyncio.Queue()

    def of(self, node: str) -> Liveness | None:
        since = self.lost.get(node)
        return Liveness(since is None, "s1", since or asyncio.get_running_loop().time())

    async def changes(self) -> AsyncIterator[str]:
        while True:
            yield await self._news.get()

    def lose(self, node: str) -> None:
        """Hear no more of a node."""
        self.lost[node] = asyncio.get_running_loop().time()
        self._news.put_nowait(node)

    def find(self, node: str) -> None:
        """Hear of it again."""
        self.lost.pop(node)
        self._news.put_nowait(node)


class Plane(Workshop):
    """Its nodes run what they are told, at once."""

    def __init__(self, nodes: Sequence[str] = ("pi", "pi-2")) -> None:
        super().__init__()
        self.nodes = nodes
        self.present = Present()
        self.meters = Meters(self.now)

    async def open(self) -> Plane:
        await super().open()
        for node in self.nodes:
            await self.add_node(node)
        return self

    async def add_node(self, name: str, **allocatable: str) -> None:
        """Register a node with its status."""
        await self.create(NODES, name, metadata={"labels": {"kubernetes.io/hostname": name}})
        node: Node = self.get(NODES, name)
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-05-01T11:00:00Z"}
        node.status = node.status.model_copy(
            update={
                "conditions": Node.from_dict({"status": {"conditions": [ready]}}).status.conditions,
                "allocatable": {"cpu": "4", "memory": "4Gi", "pods": "110", **allocatable},
            }
        )
        await self.registry.update_status(NODES, node)

    def plain_controllers(self) -> tuple[Controller, ...]:
        """Make every controller that nothing but objects wakes."""
        plain = plain_controllers(self.registry, self.present, self._usages(), now=self.now, zone=dt.UTC)
        return (*plain, *self._more_controllers())

    def _more_controllers(self) -> tuple[Controller, ...]:
        """Make those that the control plane has beyond those of the wiring."""
        key, ca = _keys()
        access = access_controllers(self.registry, key, ca.certificate, ca, now=self.now)
        return (*access, definition_controller(self.registry, self.kinds, self.now))

    def _usages(self) -> PodUsages:
        return PodUsages(NodeStatsCache(self.meters))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let everything run by itself; the clock goes with the loop's."""
        loop, start = asyncio.get_running_loop(), self.time
        begun = loop.time()
        self.now_is = lambda: start + dt.timedelta(seconds=loop.time() - begun)
        controllers = all_controllers(
            self.registry, self.present, self._usages(), now=self.now, node_grace=GRACE, zone=dt.UTC
        )
        scheduler = Scheduler(
            self.registry, EventRecorder(self.registry, "default-scheduler", self.now), self.now
        )
        more = {controller.name: controller.run for controller in self._more_controllers()}
        starts: Mapping[str, Any] = {
            **controllers,
            **more,
            "scheduler": scheduler.run,
            "nodes": self._run_nodes,
        }
        tasks = [asyncio.create_task(begin(), name=name) for name, begin in starts.items()]
        try:
            yield
        finally:
            ended = [task for task in tasks if task.done()]
            self.time = self.now()
            self.now_is = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for task in ended:
                task.result()

    async def _run_nodes(self) -> None:
        async for news in follow_entries(self.registry, PODS):
            entries = [news.entry] if isinstance(news, Event) else news
            for entry in entries:
                await self._run(entry)

    async def _run(self, entry: Entry) -> None:
        node = entry.fields["spec.nodeName"]
        if not node or node in self.present.lost:
            return
        with contextlib.suppress(NotFound, Conflict):  # it has gone, or changed, of which there is news
            pod = self.registry.get(PODS, entry.namespace, entry.name)
            if pod.metadata.deletionTimestamp:
                await self.kill(pod)
            elif pod.status.phase == "Pending":
                await self.report(pod, ready=pod.spec.containers[0].image != NEVER_READY)
