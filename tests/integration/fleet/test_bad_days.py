"""Broker, server and agents die under load on a real Mosquitto: nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS, PODS
from edgeorch.api.meta import DeleteOptions
from edgeorch.errors import Forbidden
from edgeorch.mqtt.desired_state import Change
from edgeorch.mqtt.messages import PodStatusReport
from edgeorch.mqtt.topics import PodStatusTopic
from tests.fakes.eventually import eventually
from tests.integration.fleet.lab import LIMIT, TOPICS, Lab, fleet_lab

pytestmark = pytest.mark.mosquitto
NODES = ("n1", "n2", "n3")


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with fleet_lab(tmp_path) as made:
        yield made


class Users:
    """Create, change and delete all the time, and know what must be there in the end."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self._lab = lab
        self._random = random.Random(seed)
        self.expected: dict[str, str] = {}
        """Pods that must run: name -> uid."""
        self.deeds = 0

    async def run(self) -> None:
        await self._lab.config_map("conf", value="0")
        while True:
            await self._act()
            self.deeds += 1
            await asyncio.sleep(0.002)

    async def _act(self) -> None:
        registry = self._lab.registry
        match self._random.choice(["create", "create", "create", "delete", "force", "change"]):
            case "create":
                name = f"p{self.deeds}"
                config = self._random.choice(["", "conf"])
                pod = await self._lab.pod(name, self._random.choice(NODES), config)
                self.expected[name] = pod.metadata.uid
            case ("delete" | "force") as how if self.expected:
                name = self._random.choice(sorted(self.expected))
                options = DeleteOptions(gracePeriodSeconds=0 if how == "force" else None)
                del self.expected[name]
                await registry.delete(PODS, "default", name, options)
            case "change":
                conf = registry.get(CONFIG_MAPS, "default", "conf")
                conf.data["value"] = str(self.deeds)
                await registry.update(CONFIG_MAPS, conf)

    async def until(self, deeds: int) -> None:
        wanted = self.deeds + deeds
        await eventually(lambda: self.deeds >= wanted, LIMIT)


@pytest.mark.parametrize(
    "calamity",
    [
        pytest.param("kill_broker", id="kill-9-of-the-broker"),
        pytest.param("delete_broker_data", id="broker-data-deleted"),
        pytest.param("restart_fleet", id="server-restarted"),
        pytest.param("restart_agents", id="agents-restarted"),
    ],
)
async def test_under_load(lab: Lab, calamity: str) -> None:
    """Three calamities while users are busy; afterwards all sides agree on exactly what users declared."""
    for node in NODES:
        await lab.agent(node)

    async def restart_agents() -> None:
        for node in NODES:
            old = lab.agents[node]
            await old.bus.stop()
            new = await lab.agent(node, f"{old.session}+")
            new.held = old.held  # its checkpoint
            new.statuses = {}
            for held in new.held:
                if held.resource == "pods":
                    new._act(Change(None, held))  # adopted: reported anew

    users = Users(lab, seed=len(calamity))
    task = lab.spawn(users.run())
    for _ in range(3):
        await users.until(60)
        await (restart_agents() if calamity == "restart_agents" else getattr(lab, calamity)())
    await users.until(60)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await eventually(lambda: {n: p.metadata.uid for n, p in lab.pods().items()} == users.expected, LIMIT)
    await lab.check()
    held = [(name, pod["metadata"]["uid"]) for a in lab.agents.values() for name, pod in a.pods().items()]
    assert sorted(held) == sorted(users.expected.items())


async def test_deleted_while_the_server_was_away(lab: Lab) -> None:
    """What changes in the store while the fleet's side is down is put right when it comes back."""
    agent = await lab.agent("n1")
    await lab.pod("stays", "n1")
    await lab.pod("goes", "n1")
    await eventually(lambda: set(agent.pods()) == {"stays", "goes"}, LIMIT)
    await lab.check()
    await lab.stop_fleet()
    await lab.registry.delete(PODS, "default", "goes", DeleteOptions(gracePeriodSeconds=0))
    await lab.pod("comes", "n1")
    await lab.start_fleet()
    await eventually(lambda: set(agent.pods()) == {"stays", "comes"}, LIMIT)
    await lab.check()


async def test_an_agent_that_was_away(lab: Lab) -> None:
    """An agent that comes back after a day of changes holds exactly what it should."""
    agent = await lab.agent("n1")
    for number in range(20):
        await lab.pod(f"p{number}", "n1")
    await eventually(lambda: len(agent.held) == 20, LIMIT)
    await agent.bus.stop()
    for number in range(10):
        await lab.registry.delete(PODS, "default", f"p{number}", DeleteOptions(gracePeriodSeconds=0))
    await lab.pod("new", "n1")
    back = await lab.agent("n1", "s2")
    back.held = agent.held
    await eventually(lambda: set(back.pods()) == {f"p{n}" for n in range(10, 20)} | {"new"}, LIMIT)


async def test_thousands_of_retained_messages(lab: Lab) -> None:
    """More than Mosquitto's default queue (1000) come through in one go, to an agent and to a new server."""
    for number in range(1200):
        await lab.pod(f"p{number}", "n1")
    await lab.check_broker()
    await lab.restart_fleet()
    await lab.check_broker()
    agent = await lab.agent("n1")
    agent.automatic = False
    await eventually(lambda: agent.agreements, LIMIT)
    assert agent.held.digest == lab.fleet.index.digest("n1")
    assert len(agent.held) == 1200


async def test_a_killed_agent(lab: Lab) -> None:
    """A connection that breaks is told by the last will at once, not after a time-out of ours."""
    agent = await lab.agent("n1")
    await eventually(lambda: (known := lab.fleet.liveness.of("n1")) and known.online, LIMIT)
    changes = lab.fleet.liveness.changes()
    gone = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    link = agent.bus._link  # type: ignore[attr-defined]
    link.abort()
    assert await asyncio.wait_for(gone, LIMIT) == "n1"


async def test_a_rogue_node(lab: Lab) -> None:
    """A node with a good certificate can neither speak for another one nor see what is another one's."""
    await lab.agent("n1")
    rogue = await lab.agent("n2")
    await lab.config_map("conf", secret="x")
    pod = await lab.pod("web", "n1", "conf")
    await lab.check()
    report = PodStatusReport("s1", 99, "default", "web", {"phase": "Failed"}).encode()
    with pytest.raises(Forbidden):
        await rogue.bus.publish(TOPICS.name(PodStatusTopic("n1", pod.metadata.uid)), report, retain=True)
    await rogue.bus.publish(TOPICS.name(PodStatusTopic("n2", pod.metadata.uid)), report, retain=True)
    heard: list[str] = []
    await rogue.bus.subscribe("#", lambda message: heard.append(message.topic))
    await eventually(lambda: lab.fleet.garbage.counts["status of a pod of another node"], LIMIT)
    await lab.pod("other", "n1", "conf")
    await lab.check()
    assert not [topic for topic in heard if "/n1/" in topic]


async def test_the_broker_dies_again_and_again(lab: Lab) -> None:
    """Ten kills in a row, some before anybody has reconnected."""
    agents = [await lab.agent(node) for node in NODES]
    for number in range(10):
        await lab.pod(f"p{number}", NODES[number % 3])
        if lab.broker.pid is not None:
            with contextlib.suppress(ProcessLookupError):  # the last kill has not been noticed yet
                os.kill(lab.broker.pid, signal.SIGKILL)
        await asyncio.sleep(random.Random(number).uniform(0, 0.3))
    await lab.check()
    assert sum(len(agent.pods()) for agent in agents) == 10
