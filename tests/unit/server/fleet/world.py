"""A fleet with a real registry, on a broker in memory."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import CONFIG_MAPS, NAMESPACES, PODS, SECRETS, SERVICE_ACCOUNTS
from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.table import default_table
from edgeorch.mqtt.topics import Topics
from edgeorch_server.fleet.fleet import Fleet
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore
from tests.fakes.agent import SimulatedAgent
from tests.fakes.bus import FakeBroker, FakeBus, ready

TOPICS = Topics()
ROOT = TOPICS.root
EPOCH = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)


class World:
    """Everything a fleet test touches."""

    def __init__(self) -> None:
        self.broker = FakeBroker()
        self.registry = Registry(MemoryStore(), default_table(), now=self.now)
        self.bus = self.broker.bus("server")
        self.fleet = Fleet(self.bus, TOPICS, self.registry, now=self.now)
        self.stack = AsyncExitStack()

    def now(self) -> dt.datetime:
        return EPOCH + dt.timedelta(seconds=asyncio.get_running_loop().time())

    async def begin(self) -> None:
        """Make what a cluster has on its first day."""
        for namespace in ("default", "other"):
            await self.registry.create(NAMESPACES, Namespace.from_dict({"metadata": {"name": namespace}}))
            account = {"metadata": {"name": "default", "namespace": namespace}}
            await self.registry.create(SERVICE_ACCOUNTS, ServiceAccount.from_dict(account))

    async def start_fleet(self) -> asyncio.Task[None]:
        await self.bus.start()
        self.stack.push_async_callback(self.bus.stop)
        task = await self.spawn(self.fleet.run())
        await self.fleet.publisher.idle()
        return task

    async def restart_fleet(self, task: asyncio.Task[None]) -> None:
        """Kill the server's side and start a new one on the same store."""
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await self.bus.stop()
        self.bus = self.broker.bus("server")
        self.fleet = Fleet(self.bus, TOPICS, self.registry, now=self.now)

    async def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self.stack.push_async_callback(end)
        return task

    async def client(self, name: str) -> FakeBus:
        """Connect some client."""
        bus = self.broker.bus(name)
        await bus.start()
        self.stack.push_async_callback(bus.stop)
        await ready(bus)
        return bus

    async def agent(self, node: str, session: str = "s1") -> SimulatedAgent:
        bus = await self.client(node)
        agent = SimulatedAgent(bus, TOPICS, node, session)
        await self.spawn(agent.run())
        return agent

    async def pod(self, name: str, node: str = "", *, namespace: str = "default", **spec: Any) -> Pod:
        """Create a pod, and bind it to a node."""
        body = {
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"containers": [{"name": "c", "image": "busybox"}], **spec},
        }
        pod = await self.registry.create(PODS, Pod.from_dict(body))
        if node:
            await self.registry.bind(pod, node)
        return self.registry.get(PODS, namespace, name)

    async def config_map(self, name: str, namespace: str = "default", **data: str) -> ConfigMap:
        body = {"metadata": {"name": name, "namespace": namespace}, "data": data}
        return await self.registry.create(CONFIG_MAPS, ConfigMap.from_dict(body))

    async def secret(self, name: str, namespace: str = "default") -> Secret:
        body = {"metadata": {"name": name, "namespace": namespace}, "data": {"k": "dg=="}, "type": "Opaque"}
        return await self.registry.create(SECRETS, Secret.from_dict(body))

    def retained(self, node: str = "") -> set[str]:
        """Name what the broker has retained of the desired state, below ``desired``."""
        prefix = f"{ROOT}/nodes/{node}/desired/" if node else f"{ROOT}/nodes/"
        return {
            t.removeprefix(prefix) for t in self.broker.retained if t.startswith(prefix) and "/desired/" in t
        }


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    made = World()
    await made.begin()
    try:
        yield made
    finally:
        await made.stack.aclose()
