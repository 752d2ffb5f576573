import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edgeorch.api.core.resources import EVENTS, NODES
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.node_lifecycle import NodeLifecycle, run_node_lifecycle
from edgeorch_server.controllers.runner import Key
from edgeorch_server.registry.recorder import EventRecorder

from .world import World

pytestmark = pytest.mark.looptime

GRACE = 50.0


def lifecycle(world: World) -> NodeLifecycle:
    recorder = EventRecorder(world.registry, "node-controller", world.now)
    return NodeLifecycle(world.registry, world.liveness, recorder, now=world.now, grace=GRACE)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    task = asyncio.create_task(run_node_lifecycle(lifecycle(world), world.registry, world.liveness))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def ready(world: World, name: str = "pi-1") -> str:
    node = world.registry.get(NODES, "", name)
    return next(c.status for c in node.status.conditions if c.type == "Ready")


def taints(world: World, name: str = "pi-1") -> list[tuple[str, str]]:
    return [(t.key, t.effect) for t in world.registry.get(NODES, "", name).spec.taints]


UNREACHABLE = [
    ("node.kubernetes.io/unreachable", "NoSchedule"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
]


async def test_a_silent_node_turns_unknown_after_the_grace() -> None:
    """Kubernetes, "Node status": without heartbeats for the grace period, Ready becomes Unknown, with taints."""
    world = World()
    await world.add_node("pi-1")
    async with running(world):
        world.liveness.heard("pi-1")
        await asyncio.sleep(GRACE - 1)
        assert (ready(world), taints(world)) == ("True", [])
        await asyncio.sleep(2)
        assert (ready(world), taints(world)) == ("Unknown", UNREACHABLE)


async def test_heartbeats_keep_a_node_ready() -> None:
    """Each heartbeat buys another grace period."""
    world = World()
    await world.add_node("pi-1")
    async with running(world):
        for _ in range(20):
            world.liveness.heard("pi-1", tell=False)
            await asyncio.sleep(30)
            assert ready(world) == "True"


async def test_a_node_that_was_only_silent_is_ready_again_without_an_event() -> None:
    """Heartbeats that go on over the same connection, after a pause, bring the node back within the grace period."""
    world = World()
    await world.add_node("pi-1")
    async with running(world):
        world.liveness.heard("pi-1")
        await asyncio.sleep(GRACE + 1)
        assert ready(world) == "Unknown"
        world.liveness.heard("pi-1", tell=False)
        await asyncio.sleep(GRACE)
        assert (ready(world), taints(world)) == ("True", [])


async def test_a_broken_connection_is_noticed_at_once_but_not_sooner() -> None:
    """The last will makes a node Unknown after a moment; a reconnect within that moment changes nothing."""
    world = World()
    await world.add_node("pi-1")
    async with running(world):
        world.liveness.heard("pi-1")
        await asyncio.sleep(1)
        world.liveness.heard("pi-1", online=False)
        await asyncio.sleep(0.1)
        world.liveness.heard("pi-1", online=True)
        await asyncio.sleep(5)
        assert ready(world) == "True"
        world.liveness.heard("pi-1", online=False)
        await asyncio.sleep(0.5)
        assert ready(world) == "Unknown"


async def test_a_node_that_is_heard_of_again_gets_its_own_words_back() -> None:
    """What the agent reported before holds again, and the taints go."""
    world = World()
    await create_initial_objects(world.registry)
    await world.add_node("pi-1")
    async with running(world):
        world.liveness.heard("pi-1")
        await asyncio.sleep(GRACE + 1)
        assert ready(world) == "Unknown"
        world.liveness.heard("pi-1")
        await asyncio.sleep(1)
        assert (ready(world), taints(world)) == ("True", [])
        reasons = [event.reason for event in world.registry.list(EVENTS)]
        assert sorted(reasons) == ["NodeNotReady", "NodeReady"]


async def test_after_a_restart_of_the_server_nodes_get_the_whole_grace() -> None:
    """A server that has just started has heard of nobody yet, which says nothing about the nodes."""
    world = World()
    await world.add_node("pi-1")
    await asyncio.sleep(1000)
    async with running(world):
        await asyncio.sleep(GRACE - 1)
        assert ready(world) == "True"
        await asyncio.sleep(2)
        assert ready(world) == "Unknown"


async def test_a_cordoned_node_is_tainted_and_users_taints_stay() -> None:
    """Kubernetes, "Taint Nodes by Condition": unschedulable is a taint too; others are not ours to touch."""
    world = World()
    await world.add_node("pi-1", unschedulable=True, taints=[{"key": "mine", "effect": "NoSchedule"}])
    async with running(world):
        world.liveness.heard("pi-1")
        await asyncio.sleep(1)
        assert taints(world) == [("mine", "NoSchedule"), ("node.kubernetes.io/unschedulable", "NoSchedule")]
        node = world.registry.get(NODES, "", "pi-1")
        node.spec.unschedulable = False
        await world.registry.update(NODES, node)
        await asyncio.sleep(1)
        assert taints(world) == [("mine", "NoSchedule")]


async def test_a_second_reconcile_writes_nothing() -> None:
    """Reconciling is idempotent."""
    world = World()
    await world.add_node("pi-1", unschedulable=True)
    world.liveness.heard("pi-1", online=False)
    await asyncio.sleep(60)
    controller = lifecycle(world)
    for _ in range(3):
        await controller.reconcile(Key("", "pi-1"))
        await asyncio.sleep(1)
    revision = world.store.revision
    await controller.reconcile(Key("", "pi-1"))
    assert world.store.revision == revision
