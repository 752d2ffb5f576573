"""Pods of a lost node are not ready, and are again what their agent says once it is heard of."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import EVENTS, NODES, PODS
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.node_pods import SOURCES
from edgeorch_server.controllers.pod_readiness import GRACE, PodReadiness
from edgeorch_server.controllers.runner import Controller, Key
from edgeorch_server.controllers.service_account import DefaultServiceAccount
from edgeorch_server.registry.recorder import EventRecorder

from .world import World

pytestmark = pytest.mark.looptime

SINCE = "2026-05-01T10:00:00Z"
LATER = "2026-05-01T12:30:00Z"


@asynccontextmanager
async def cluster() -> AsyncIterator[World]:
    """Give a world with the nodes ``pi`` and ``other``, a ready pod on each, and the controller at work."""
    world = World()
    await create_initial_objects(world.registry)
    await DefaultServiceAccount(world.registry).reconcile(Key("", "default"))
    for node in ("pi", "other"):
        await world.add_node(node)
        world.liveness.heard(node)
        await run(world, f"on-{node}", node)
    async with at_work(world):
        yield world


@asynccontextmanager
async def at_work(world: World) -> AsyncIterator[None]:
    recorder = EventRecorder(world.registry, "node-controller", world.now)
    readiness = PodReadiness(world.registry, world.liveness, recorder, now=world.now)
    task = asyncio.create_task(Controller("readiness", readiness, SOURCES, world.registry).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def run(world: World, name: str, node: str) -> None:
    body = {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"nodeName": node, "containers": [{"name": "web", "image": "web"}]},
    }
    await world.registry.create(PODS, Pod.from_dict(body))
    await report(world, name, "True", SINCE)


async def report(world: World, name: str, ready: str, since: str) -> None:
    """Store what an agent says of a pod."""
    pod = world.registry.get(PODS, "default", name)
    conditions = [{"type": "Ready", "status": ready, "lastTransitionTime": since}]
    pod.status = Pod.from_dict({"status": {"phase": "Running", "conditions": conditions}}).status
    await world.registry.update_status(PODS, pod)


async def node_becomes(world: World, status: str, name: str = "pi") -> None:
    node = world.registry.get(NODES, "", name)
    for condition in node.status.conditions:
        if condition.type == "Ready":
            condition.status = status
    await world.registry.update_status(NODES, node)


async def lose(world: World) -> None:
    """Lose the node for long enough."""
    world.liveness.heard("pi", online=False)
    await node_becomes(world, "Unknown")
    await asyncio.sleep(GRACE + 1)


def ready(world: World, name: str = "on-pi") -> tuple[str, str | None]:
    pod = world.registry.get(PODS, "default", name)
    [condition] = [c for c in pod.status.conditions if c.type == "Ready"]
    return condition.status, condition.lastTransitionTime


async def test_pods_of_a_lost_node_are_not_ready() -> None:
    """Nodes, "Condition": those on other nodes are left alone, and an event says why."""
    async with cluster() as world:
        await lose(world)
        assert ready(world)[0] == "False"
        assert ready(world)[1] != SINCE
        assert ready(world, "on-other") == ("True", SINCE)
        [event] = [e for e in world.registry.list(EVENTS) if e.involvedObject.name == "on-pi"]
        assert (event.type, event.reason, event.message) == ("Warning", "NodeNotReady", "Node is not ready")


async def test_a_short_loss_touches_no_pod() -> None:
    """A link that comes and goes costs nothing, however often."""
    async with cluster() as world:
        before = world.registry.get(PODS, "default", "on-pi")
        for _ in range(5):
            await node_becomes(world, "Unknown")
            await asyncio.sleep(GRACE - 1)
            await node_becomes(world, "True")
            await asyncio.sleep(1)
        assert world.registry.get(PODS, "default", "on-pi") == before


async def test_the_same_agent_has_its_pods_ready_again() -> None:
    """An agent that was only cut off does not report again what has not changed."""
    async with cluster() as world:
        await lose(world)
        world.liveness.heard("pi")
        await node_becomes(world, "True")
        await asyncio.sleep(1)
        assert ready(world) == ("True", SINCE)


async def test_what_the_agent_says_meanwhile_counts() -> None:
    """A report that comes with the link is newer than what was remembered."""
    async with cluster() as world:
        await lose(world)
        world.liveness.heard("pi")
        await report(world, "on-pi", "False", LATER)
        await node_becomes(world, "True")
        await asyncio.sleep(1)
        assert ready(world) == ("False", LATER)


async def test_a_new_agent_speaks_for_itself() -> None:
    """After a reboot nothing is as it was: the pod is not ready before its new agent says so."""
    async with cluster() as world:
        await lose(world)
        world.liveness.heard("pi", session="s2")
        await node_becomes(world, "True")
        await asyncio.sleep(1)
        assert ready(world)[0] == "False"
        await report(world, "on-pi", "True", LATER)
        await asyncio.sleep(1)
        assert ready(world) == ("True", LATER)


async def test_a_report_that_comes_before_its_node_is_back() -> None:
    """It is taken back as well while the node is lost, and counts afterwards."""
    async with cluster() as world:
        await lose(world)
        world.liveness.heard("pi", session="s2")
        await report(world, "on-pi", "True", LATER)
        await asyncio.sleep(1)
        assert ready(world)[0] == "False"
        await node_becomes(world, "True")
        await asyncio.sleep(1)
        assert ready(world) == ("True", LATER)


async def test_a_restarted_server_does_the_same() -> None:
    """It takes in the retained reports of a node that is still lost, and judges them by the node."""
    async with cluster() as world:
        await lose(world)
    async with at_work(world):
        await report(world, "on-pi", "True", SINCE)
        await asyncio.sleep(GRACE + 1)
        assert ready(world)[0] == "False"
        world.liveness.heard("pi")
        await node_becomes(world, "True")
        await asyncio.sleep(1)
        assert ready(world) == ("True", SINCE)


async def test_a_lost_node_that_is_removed_is_forgotten() -> None:
    """Nothing is remembered for a node of that name that comes later."""
    async with cluster() as world:
        await lose(world)
        await world.registry.delete(NODES, "", "pi")
        await asyncio.sleep(1)
        await world.add_node("pi")
        await asyncio.sleep(GRACE + 1)
        assert ready(world)[0] == "False"
