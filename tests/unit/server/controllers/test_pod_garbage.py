"""Pods on nodes that are gone, and pods that have ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.core.scheduling import Taint
from edgeorch.api.meta import DeleteOptions
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.node_pods import SOURCES
from edgeorch_server.controllers.pod_garbage import (
    ENDED_SOURCES,
    OUT_OF_SERVICE,
    QUARANTINE,
    EndedPods,
    LostPods,
)
from edgeorch_server.controllers.runner import Controller
from edgeorch_server.store.base import Event, EventType

from .world import World

pytestmark = pytest.mark.looptime


@asynccontextmanager
async def running(world: World, most: int = 100) -> AsyncIterator[None]:
    registry = world.registry
    controllers = [
        Controller("lost-pods", LostPods(registry, now=world.now), SOURCES, registry),
        Controller("ended-pods", EndedPods(registry, most=most), ENDED_SOURCES, registry),
    ]
    tasks = [asyncio.create_task(controller.run()) for controller in controllers]
    try:
        yield
        await asyncio.sleep(1)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def world() -> World:
    made = World()
    await create_initial_objects(made.registry)
    return made


async def make(world: World, name: str, node: str = "", **status: Any) -> None:
    spec = {"containers": [{"name": "main", "image": "i"}], **({"nodeName": node} if node else {})}
    body = {"metadata": {"name": name, "namespace": "default"}, "spec": spec}
    pod = await world.registry.create(PODS, Pod.from_dict(body))
    if status:
        pod.status = pod.status.model_copy(update=status)
        await world.registry.update_status(PODS, pod)


def names(world: World) -> str:
    return "".join(entry.name for entry in world.store.list(PODS.key))


class TestLostPods:
    async def test_pods_of_a_deleted_node_are_removed(self, world: World) -> None:
        """A pod bound to a node that no longer exists is marked as failed, says why, and goes by force."""
        await world.add_node("pi-1")
        await world.add_node("pi-2")
        async with running(world):
            await make(world, "a", "pi-1", phase="Running")
            await make(world, "b", "pi-2")
            await make(world, "c")
            with world.registry.watch(PODS) as watch:
                await world.registry.delete(NODES, "", "pi-1")
                await asyncio.sleep(QUARANTINE - 1)
                assert names(world) == "abc"
                await asyncio.sleep(2)
                assert names(world) == "bc"
                marked: Event = await anext(watch)
                gone: Event = await anext(watch)
        status = Pod.from_json(marked.entry.data).status
        [condition] = [c for c in status.conditions if c.type == "DisruptionTarget"]
        assert (status.phase, condition.status) == ("Failed", "True")
        assert (condition.reason, condition.message) == ("DeletionByPodGC", "PodGC: node no longer exists")
        assert gone.type is EventType.DELETED

    async def test_a_node_that_comes_back_keeps_its_pods(self, world: World) -> None:
        """A node may be registered anew: only one that stays away loses its pods."""
        await world.add_node("pi-1")
        async with running(world):
            await make(world, "a", "pi-1")
            await world.registry.delete(NODES, "", "pi-1")
            await asyncio.sleep(QUARANTINE - 1)
            await world.add_node("pi-1")
            await asyncio.sleep(QUARANTINE * 2)
            assert names(world) == "a"
            await world.registry.delete(NODES, "", "pi-1")
            await asyncio.sleep(QUARANTINE - 1)
            assert names(world) == "a"

    async def test_a_pod_bound_to_nowhere(self, world: World) -> None:
        """Nor does a pod stay that was bound to a node that never existed, be it found at a start."""
        await make(world, "a", "nowhere")
        async with running(world):
            await asyncio.sleep(QUARANTINE + 1)
        assert names(world) == ""

    async def test_a_pod_that_has_ended_keeps_its_end(self, world: World) -> None:
        """What succeeded before its node went did not fail."""
        await make(world, "a", "nowhere", phase="Succeeded")
        async with running(world):
            with world.registry.watch(PODS) as watch:
                await asyncio.sleep(QUARANTINE + 1)
                gone: Event = await anext(watch)
        assert (gone.type, Pod.from_json(gone.entry.data).status.phase) == (EventType.DELETED, "Succeeded")

    @pytest.mark.parametrize(("ready", "left"), [("Unknown", "ab"), ("True", "abc")])
    async def test_out_of_service(self, world: World, ready: str, left: str) -> None:
        """Non-graceful node shutdown: pods that end on a node that is down for sure are removed."""
        node = await world.add_node("pi-1")
        for name in "abc":
            await make(world, name, "pi-1", phase="Running")
        async with running(world):
            await world.registry.delete(PODS, "default", "c", DeleteOptions())
            [condition] = [c for c in node.status.conditions if c.type == "Ready"]
            condition.status = ready
            node = await world.registry.update_status(NODES, node)
            await asyncio.sleep(1)
            assert names(world) == "abc"
            node.spec.taints = [Taint(key=OUT_OF_SERVICE, value="nodeshutdown", effect="NoExecute")]
            await world.registry.update(NODES, node)
        assert names(world) == left


class TestEndedPods:
    async def test_the_oldest_go(self, world: World) -> None:
        """Above the threshold evicted pods go first, then the oldest; what runs is never touched."""
        async with running(world, most=2):
            for name, status in (
                ("a", {"phase": "Succeeded"}),
                ("b", {"phase": "Running"}),
                ("c", {"phase": "Failed"}),
            ):
                await make(world, name, **status)
                await asyncio.sleep(10)
            assert names(world) == "abc"
            await make(world, "d", phase="Failed", reason="Evicted")
            await asyncio.sleep(10)
            assert names(world) == "abc"
            await make(world, "e", phase="Succeeded")
        assert names(world) == "bce"

    async def test_an_idle_cluster_writes_nothing(self, world: World) -> None:
        """Ended pods below the threshold, and pods of a missing node in quarantine, cause no writes."""
        await make(world, "a", phase="Failed")
        await make(world, "b", "nowhere")
        async with running(world):
            revision = world.store.revision
            await asyncio.sleep(QUARANTINE - 1)
            assert world.store.revision == revision
