"""The agent as a whole: what is made of what, and the tasks that run for as long as the process."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from edgeorch import __version__
from edgeorch.config.agent_files import AgentFiles
from edgeorch.config.load import ConfigError
from edgeorch.config.settings import AgentSettings
from edgeorch.mqtt.address import broker_address
from edgeorch.mqtt.bus import Bus, Connection, Will
from edgeorch.mqtt.dispatcher import Dispatcher
from edgeorch.mqtt.messages import Presence
from edgeorch.mqtt.paho_bus import PahoBus
from edgeorch.mqtt.settings import MqttSettings, TlsFiles
from edgeorch.mqtt.streams import StreamHub
from edgeorch.mqtt.topics import NodeTopic, Topics
from edgeorch.tasks import Components, run_forever
from edgeorch_agent.checkpoint import Checkpoint
from edgeorch_agent.desired import DesiredLink
from edgeorch_agent.log_calls import LogCalls
from edgeorch_agent.node.addresses import node_address
from edgeorch_agent.node.facts import Facts, read_facts
from edgeorch_agent.node.heartbeat import beat
from edgeorch_agent.node.load import read_load
from edgeorch_agent.node.reporter import NodeReporter
from edgeorch_agent.outbox import Outbox
from edgeorch_agent.own_podman import own_home
from edgeorch_agent.pods.events import Recorder
from edgeorch_agent.pods.executor import Services
from edgeorch_agent.pods.facts import NodeFacts
from edgeorch_agent.pods.images import Images, Room
from edgeorch_agent.pods.manager import PodManager
from edgeorch_agent.pods.remembered import Remembered
from edgeorch_agent.pods.volumes import Volumes
from edgeorch_agent.reports import Reports
from edgeorch_agent.runtime.base import Runtime
from edgeorch_agent.runtime.podman import PodmanRuntime
from edgeorch_agent.runtime.service import PodmanService
from edgeorch_agent.stats import StatsCalls

logger = logging.getLogger(__name__)

PRESENCE_GOODBYE_SECONDS = 2.0


class Agent:
    """One node's agent, on any runtime and bus: :meth:`components` must run for ever."""

    def __init__(self, settings: AgentSettings, runtime: Runtime, bus: Bus, facts: Facts, session: str) -> None:
        name = settings.node_name
        topics = Topics(settings.mqtt_root)
        memory = settings.run_dir / name  # secrets and the newest statuses never go to the card
        self._settings = settings
        self._topics = topics
        self._bus = bus
        self._facts = facts
        self._session = session
        self._outbox = Outbox(bus)
        reports = Reports(self._outbox, topics, name, session)
        self._reporter = NodeReporter(
            name,
            facts,
            runtime,
            self._outbox,
            topic=topics.name(NodeTopic(name, "node")),
            disk_folder=settings.data_dir,
            address=self._address,
            labels=settings.labels,
            now=lambda: dt.datetime.now(dt.UTC),
            period=settings.heartbeat_seconds,
        )
        room = Room(floor=settings.pull_reserve_mib * 1024 * 1024)
        services = Services(
            runtime=runtime,
            images=Images(runtime, room=room, on_change=self._reporter.wake),
            volumes=Volumes(settings.data_dir / "volumes", memory / "volumes"),
            remembered=Remembered(settings.data_dir / "pods", memory / "pods"),
            recorder=Recorder(reports, name, time.time),
            node=self._node_facts,
            now=time.time,
        )
        self._checkpoint = Checkpoint(settings.data_dir / "checkpoint")
        self._pods = PodManager(services, reports)
        self._desired = DesiredLink(bus, topics, name, session, self._pods, self._checkpoint)
        self._hub = StreamHub(bus, topics, name)
        logs = LogCalls(runtime, self._pods)
        stats = StatsCalls(runtime, read_load, now=time.time)
        self._dispatcher = Dispatcher(bus, topics, name, self._hub, {"logs": logs.serve, "stats": stats.serve})

    async def components(self) -> Components:
        """Give the tasks, after what must come first: presence, and the pods of the checkpoint."""
        name = self._settings.node_name
        presence = Presence(online=True, session=self._session, version=__version__)
        self._outbox.set(self._topics.name(NodeTopic(name, "presence")), presence.encode())
        await self._desired.start()
        return {
            "outbox": self._outbox.run,
            "checkpoint": self._checkpoint.run,
            "desired": self._desired.run,
            "pods": self._pods.run,
            "node": self._reporter.run,
            "connections": self._follow_connections,
            "streams": self._hub.run,
            "calls": self._dispatcher.run,
            "heartbeat": self._beat,
        }

    async def close(self) -> None:
        """Say goodbye, and let go of the checkpoint. Pods run on."""
        gone = Presence(online=False, session=self._session, version=__version__)
        if self._bus.connected:
            topic = self._topics.name(NodeTopic(self._settings.node_name, "presence"))
            with contextlib.suppress(Exception):  # a will does the same a moment later
                async with asyncio.timeout(PRESENCE_GOODBYE_SECONDS):
                    await self._bus.publish(topic, gone.encode(), retain=True)
        self._checkpoint.close()

    async def _beat(self) -> None:
        topic = self._topics.name(NodeTopic(self._settings.node_name, "heartbeat"))
        period = self._settings.heartbeat_seconds
        await beat(self._bus, topic, self._session, lambda: self._desired.digest, period)

    async def _follow_connections(self) -> None:
        """Look at our address again: a new connection may have come with a new one."""
        async for connection in self._bus.connections():
            if connection is Connection.UP:
                self._reporter.wake()
                self._pods.wake_all()

    def _address(self) -> str:
        if self._settings.node_ip:
            return self._settings.node_ip
        return node_address(*broker_address(self._settings.mqtt_url))

    def _node_facts(self) -> NodeFacts:
        address = self._address()
        return NodeFacts(
            name=self._settings.node_name,
            ips=(address,) if address else (),
            memory=self._facts.memory,
            milli_cpus=self._facts.cpus * 1000,
        )


@asynccontextmanager
async def _podman(settings: AgentSettings) -> AsyncIterator[tuple[Runtime, Components]]:
    """Give the runtime: the machine's Podman, or one of the agent's own, whose service must be supervised."""
    home = own_home(settings)
    if home is None:
        runtime = PodmanRuntime(Path(settings.podman_socket), node=settings.node_name)
        try:
            yield runtime, {}
        finally:
            await runtime.aclose()
        return
    service = PodmanService(home)
    await service.start()
    runtime = PodmanRuntime(home.socket, node=settings.node_name)
    try:
        yield runtime, {"podman": service.supervise}
    finally:
        await runtime.aclose()
        await service.stop()


def _bus(settings: AgentSettings, session: str) -> PahoBus:
    files = AgentFiles(settings.data_dir)
    for path in (files.ca, files.certificate, files.key):
        if not path.exists():
            raise ConfigError(f"{path} is missing: join the cluster first (edgeorch agent join)")
    host, port = broker_address(settings.mqtt_url)
    topic = Topics(settings.mqtt_root).name(NodeTopic(settings.node_name, "presence"))
    gone = Presence(online=False, session=session, version=__version__)
    return PahoBus(
        MqttSettings(
            host,
            port,
            client_id=settings.node_name,
            tls=TlsFiles(files.ca, files.certificate, files.key),
            keepalive=settings.keepalive_seconds,
        ),
        will=Will(topic, gone.encode()),
    )


RuntimeContext = AbstractAsyncContextManager[tuple[Runtime, Components]]
"""Gives a runtime with the tasks that keep it going."""


@asynccontextmanager
async def running_agent(
    settings: AgentSettings, open_runtime: RuntimeContext, facts: Callable[[], Facts]
) -> AsyncIterator[Components]:
    """Start an agent, with or without a server in reach, and give what must run for ever.

    Raises ConfigError for a board that has not joined, before it touches the runtime.
    """
    if not settings.node_name or not settings.mqtt_url:
        raise ConfigError("this board has not joined a cluster yet: run `edgeorch agent join`")
    session = secrets.token_hex(8)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    bus = _bus(settings, session)
    async with AsyncExitStack() as stack:
        runtime, supervision = await stack.enter_async_context(open_runtime)
        agent = Agent(settings, runtime, bus, facts(), session)
        stack.push_async_callback(bus.stop)
        stack.push_async_callback(agent.close)
        components = await agent.components()
        await bus.start()
        logger.info("agent of node %s is up", settings.node_name)
        yield {**supervision, **components}


async def run(settings: AgentSettings, stop: asyncio.Event, ready: asyncio.Event) -> None:
    """Run this machine's agent until ``stop``; it is ready as soon as it looks after its pods."""
    facts = partial(read_facts, settings.data_dir)
    async with running_agent(settings, _podman(settings), facts) as components:
        ready.set()
        await run_forever(components, stop)
