import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edgeorch.api.core.config import ConfigMap
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import CONFIG_MAPS, EVENTS, NODES, PODS
from edgeorch.api.core.scheduling import Taint
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.node_pods import SOURCES
from edgeorch_server.controllers.runner import Controller, Key
from edgeorch_server.controllers.service_account import DefaultServiceAccount
from edgeorch_server.controllers.taint_eviction import TaintEviction
from edgeorch_server.registry.recorder import EventRecorder

from .world import World

pytestmark = pytest.mark.looptime

UNREACHABLE = Taint(key="node.kubernetes.io/unreachable", effect="NoExecute")


@asynccontextmanager
async def cluster() -> AsyncIterator[World]:
    """Give a world with the node ``pi`` and the controller at work."""
    world = World()
    await create_initial_objects(world.registry)
    await DefaultServiceAccount(world.registry).reconcile(Key("", "default"))
    await world.add_node("pi")
    recorder = EventRecorder(world.registry, "taint-eviction-controller", world.now)
    evictions = TaintEviction(world.registry, recorder, now=world.now)
    task = asyncio.create_task(Controller("evictions", evictions, SOURCES, world.registry).run())
    try:
        yield world
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def run(world: World, name: str, *tolerations: dict[str, Any]) -> Pod:
    """Create a pod that is bound to the node."""
    spec = {
        "nodeName": "pi",
        "containers": [{"name": "web", "image": "web"}],
        "tolerations": list(tolerations),
    }
    meta = {"name": name, "namespace": "default"}
    return await world.registry.create(PODS, Pod.from_dict({"metadata": meta, "spec": spec}))


async def taint(world: World, *taints: Taint) -> None:
    node = world.registry.get(NODES, "", "pi")
    node.spec.taints = list(taints)
    await world.registry.update(NODES, node)


def going(world: World) -> set[str]:
    """Name the pods that have been deleted."""
    return {p.metadata.name for p in world.registry.list(PODS) if p.metadata.deletionTimestamp}


def told(world: World) -> list[str]:
    return [e.message for e in world.registry.list(EVENTS) if e.reason == "TaintManagerEviction"]


async def test_pods_outlive_the_loss_of_their_node_by_five_minutes() -> None:
    """Every pod gets tolerations for 300 s unless it says otherwise (DefaultTolerationSeconds)."""
    async with cluster() as world:
        await run(world, "web")
        await taint(world, UNREACHABLE)
        await asyncio.sleep(299)
        assert going(world) == set()
        await asyncio.sleep(2)
        assert going(world) == {"web"}
        pod = world.registry.get(PODS, "default", "web")
        [condition] = [c for c in pod.status.conditions if c.type == "DisruptionTarget"]
        assert (condition.status, condition.reason) == ("True", "DeletionByTaintManager")
        assert condition.message == "Taint manager: deleting due to NoExecute taint"
        assert told(world) == ["Marking for deletion Pod default/web"]


async def test_each_pod_goes_when_its_own_time_is_over() -> None:
    """Not tolerated: at once. tolerationSeconds: then. Without them: never (as pods of a DaemonSet)."""
    dedicated = Taint(key="dedicated", value="gpu", effect="NoExecute")
    key = {"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}
    async with cluster() as world:
        await run(world, "at-once")
        await run(world, "later", {**key, "tolerationSeconds": 10})
        await run(world, "never", key)
        await taint(world, dedicated)
        await asyncio.sleep(1)
        assert going(world) == {"at-once"}
        await asyncio.sleep(10)
        assert going(world) == {"at-once", "later"}
        await asyncio.sleep(100_000)
        assert going(world) == {"at-once", "later"}


async def test_a_node_that_comes_back_in_time_keeps_its_pods() -> None:
    """The taint gone, the deletion is cancelled; at the next loss the time begins anew."""
    async with cluster() as world:
        await run(world, "web")
        await taint(world, UNREACHABLE)
        await asyncio.sleep(200)
        await taint(world)
        await asyncio.sleep(1)
        assert told(world) == ["Cancelling deletion of Pod default/web"]
        await asyncio.sleep(1000)
        await taint(world, UNREACHABLE)
        await asyncio.sleep(299)
        assert going(world) == set()
        await asyncio.sleep(2)
        assert going(world) == {"web"}


async def test_a_pod_that_comes_to_a_tainted_node_has_its_own_time() -> None:
    """Its time begins when it is there, not when the taint was set."""
    async with cluster() as world:
        await taint(world, UNREACHABLE)
        await asyncio.sleep(250)
        await run(world, "late")
        await asyncio.sleep(299)
        assert going(world) == set()
        await asyncio.sleep(2)
        assert going(world) == {"late"}


async def test_pods_that_wait_make_no_writes() -> None:
    """An idle cluster with a tainted node stays idle: nothing is written until a time is over."""
    async with cluster() as world:
        await run(world, "web", {"operator": "Exists"})
        await taint(world, UNREACHABLE)
        await asyncio.sleep(1)
        marker = ConfigMap.from_dict({"metadata": {"name": "marker", "namespace": "default"}})
        before = await world.registry.create(CONFIG_MAPS, marker)
        await asyncio.sleep(10_000)
        assert world.registry.revision == int(before.metadata.resourceVersion)
