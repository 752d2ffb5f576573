"""A fleet on a real, managed Mosquitto: registry in memory, agents without containers."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from edgeorch.api.core.config import ConfigMap
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import CONFIG_MAPS, NAMESPACES, PODS, SERVICE_ACCOUNTS
from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.table import default_table
from edgeorch.mqtt.backoff import Backoff
from edgeorch.mqtt.bus import Connection, Will
from edgeorch.mqtt.messages import Presence
from edgeorch.mqtt.paho_bus import PahoBus
from edgeorch.mqtt.settings import MqttSettings
from edgeorch.mqtt.topics import DesiredTopic, NodeTopic, Topics
from edgeorch.pki import MQTT_SERVER
from edgeorch_server.broker.config import BrokerConfig
from edgeorch_server.broker.mosquitto import Mosquitto
from edgeorch_server.fleet.fleet import Fleet
from edgeorch_server.fleet.inventory import take_inventory
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore
from tests.fakes.agent import SimulatedAgent
from tests.fakes.certificates import TestCa
from tests.fakes.eventually import eventually
from tests.fakes.mosquitto import free_port, mosquitto_binary

TOPICS = Topics()
LIMIT = 60.0
"""Seconds that a loaded machine may take to converge."""


class Lab:
    """Everything a test breaks."""

    def __init__(self, folder: Path) -> None:
        self.ca = TestCa(folder)
        self.config = BrokerConfig(folder / "broker", free_port(), self.ca.issue("broker"))
        self.broker = Mosquitto(self.config, Backoff(first=0.05, limit=0.2))
        self.registry = Registry(MemoryStore(), default_table())
        self.agents: dict[str, SimulatedAgent] = {}
        self.stack = AsyncExitStack()
        self._supervisor: asyncio.Task[None] | None = None
        self._fleet_task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        await self.registry.create(NAMESPACES, Namespace.from_dict({"metadata": {"name": "default"}}))
        account = {"metadata": {"name": "default", "namespace": "default"}}
        await self.registry.create(SERVICE_ACCOUNTS, ServiceAccount.from_dict(account))
        await self.start_broker()
        await self.start_fleet()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self.stack.push_async_callback(end)
        return task

    async def connect(self, name: str, will: Will | None = None) -> PahoBus:
        settings = MqttSettings("127.0.0.1", self.config.port, name, self.ca.issue(name))
        bus = PahoBus(settings, will, Backoff(first=0.05, limit=0.3))
        await bus.start()
        self.stack.push_async_callback(bus.stop)
        return bus

    # The broker

    async def start_broker(self) -> None:
        await self.broker.start()
        self._supervisor = self.spawn(self.broker.run())

    async def stop_broker(self) -> None:
        assert self._supervisor is not None
        self._supervisor.cancel()
        await asyncio.gather(self._supervisor, return_exceptions=True)
        await self.broker.stop()

    async def kill_broker(self) -> None:
        """Kill -9, and wait until the supervisor has started another one."""
        old = self.broker.pid
        assert old is not None
        os.kill(old, signal.SIGKILL)
        await eventually(lambda: self.broker.pid not in {None, old}, LIMIT)

    async def delete_broker_data(self) -> None:
        """Stop the broker, remove every file of it, and start it again."""
        await self.stop_broker()
        shutil.rmtree(self.config.folder)
        await self.start_broker()

    # The server

    async def start_fleet(self) -> None:
        self.bus = await self.connect(MQTT_SERVER)
        self.fleet = Fleet(self.bus, TOPICS, self.registry, now=lambda: dt.datetime.now(dt.UTC))
        self._fleet_task = self.spawn(self.fleet.run())

    async def stop_fleet(self) -> None:
        """Cut the server's side off without a word."""
        assert self._fleet_task is not None
        self._fleet_task.cancel()
        await asyncio.gather(self._fleet_task, return_exceptions=True)
        if self.bus._link is not None:
            self.bus._link.abort()
        await self.bus.stop()

    async def restart_fleet(self) -> None:
        await self.stop_fleet()
        await self.start_fleet()

    # The agents

    async def agent(self, node: str, session: str = "s1") -> SimulatedAgent:
        gone = Presence(online=False, session=session).encode()
        bus = await self.connect(node, Will(TOPICS.name(NodeTopic(node, "presence")), gone))
        agent = SimulatedAgent(bus, TOPICS, node, session)
        agent.period = 1.0
        self.spawn(agent.run())
        self.agents[node] = agent
        return agent

    # What users do

    async def config_map(self, name: str, **data: str) -> None:
        body = {"metadata": {"name": name, "namespace": "default"}, "data": data}
        await self.registry.create(CONFIG_MAPS, ConfigMap.from_dict(body))

    async def pod(self, name: str, node: str, config: str = "") -> Pod:
        volumes = [{"name": "v", "configMap": {"name": config}}] if config else []
        body = {
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"containers": [{"name": "c", "image": "busybox"}], "volumes": volumes},
        }
        pod = await self.registry.create(PODS, Pod.from_dict(body))
        await self.registry.bind(pod, node)
        return self.registry.get(PODS, "default", name)

    def pods(self) -> dict[str, Pod]:
        return {pod.metadata.name: pod for pod in self.registry.list(PODS)}

    # The state of the world

    def disagreements(self) -> list[str]:
        """Say where an agent does not hold what it should, and where a pod's status is not its agent's."""
        found = []
        for node, agent in self.agents.items():
            wanted = {ref.key: version for ref, version in self.fleet.index.versions(node).items()}
            held = {held.key: held.version for held in agent.held}
            found += [
                f"{node}: {key}" for key in wanted.keys() | held.keys() if wanted.get(key) != held.get(key)
            ]
        for name, pod in self.pods().items():
            if pod.status.phase != "Running" or pod.metadata.deletionTimestamp:
                found.append(f"{name}: {pod.status.phase} {pod.metadata.deletionTimestamp}")
        return found

    async def retained(self) -> dict[DesiredTopic, str]:
        """Ask the broker what desired state it holds, over the server's own connection."""
        async for state in self.bus.connections():
            if state is Connection.UP:
                break
        found = await take_inventory(self.bus, TOPICS)
        assert found.complete
        assert not found.unreadable
        return found.versions

    async def check(self) -> None:
        """Wait for agreement of all sides; the broker's memory is one of them."""
        try:
            await eventually(lambda: not self.disagreements(), LIMIT)
        except TimeoutError as exc:
            raise AssertionError(f"no agreement: {self.disagreements()}") from exc
        await self.check_broker()

    async def check_broker(self) -> None:
        """Wait until everything is published; then the broker must hold exactly what nodes need."""
        await asyncio.wait_for(self.fleet.publisher.idle(), LIMIT)
        wanted = {
            DesiredTopic(node, ref.resource, ref.namespace, ref.name): version
            for node in self.fleet.index.nodes()
            for ref, version in self.fleet.index.versions(node).items()
        }
        assert await self.retained() == wanted
        assert self.bus.handler_faults == 0


@asynccontextmanager
async def fleet_lab(folder: Path) -> AsyncIterator[Lab]:
    mosquitto_binary()
    lab = Lab(folder)
    try:
        await lab.begin()
        yield lab
    finally:
        await lab.stack.aclose()
        await lab.broker.stop()
