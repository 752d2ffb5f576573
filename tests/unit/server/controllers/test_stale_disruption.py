"""What becomes of ``DisruptionTarget`` when nobody goes on with the disruption."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edgeorch.api.core.pod import Pod, PodCondition
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import DeleteOptions, format_time
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.disruption.stale import SOURCES, STALE_AFTER, StaleDisruptions
from edgeorch_server.controllers.runner import Controller, Key
from edgeorch_server.controllers.service_account import DefaultServiceAccount

from .world import World

pytestmark = pytest.mark.looptime


@asynccontextmanager
async def cluster() -> AsyncIterator[World]:
    """Give a world with a pod ``web`` and the controller at work."""
    world = World()
    await create_initial_objects(world.registry)
    await DefaultServiceAccount(world.registry).reconcile(Key("", "default"))
    spec = {"nodeName": "pi", "containers": [{"name": "web", "image": "web"}]}
    meta = {"name": "web", "namespace": "default"}
    await world.registry.create(PODS, Pod.from_dict({"metadata": meta, "spec": spec}))
    reconciler = StaleDisruptions(world.registry, now=world.now)
    task = asyncio.create_task(Controller("stale", reconciler, SOURCES, world.registry).run())
    try:
        yield world
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def announce(world: World, *, phase: str = "Running", **condition: Any) -> None:
    pod = world.registry.get(PODS, "default", "web")
    pod.status.phase = phase
    told = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    since = {"lastTransitionTime": format_time(world.now())}
    pod.status.conditions = [PodCondition.from_dict({**told, **since, **condition})]
    await world.registry.update_status(PODS, pod)


def told(world: World) -> tuple[str, str]:
    [condition] = world.registry.get(PODS, "default", "web").status.conditions
    return condition.status, condition.reason


async def test_a_pod_that_stays_is_no_target_any_more() -> None:
    """Not before two minutes have passed without a deletion; then nothing is written any more."""
    async with cluster() as world:
        await announce(world)
        await asyncio.sleep(STALE_AFTER - 1)
        assert told(world) == ("True", "EvictionByEvictionAPI")
        await asyncio.sleep(2)
        assert told(world) == ("False", "")
        [condition] = world.registry.get(PODS, "default", "web").status.conditions
        assert condition.lastTransitionTime == "2026-05-01T12:02:00Z"
        before = world.store.revision
        await StaleDisruptions(world.registry, now=world.now).reconcile(Key("default", "web"))
        await asyncio.sleep(3600)
        assert world.store.revision == before


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"reason": "TerminationByKubelet"}, id="ended by its node"),
        pytest.param({"phase": "Failed"}, id="over"),
        pytest.param({"status": "False"}, id="taken back before"),
    ],
)
async def test_what_is_not_stale_stays(state: dict[str, Any]) -> None:
    """A node may take its time to end a pod, and of one that has ended the condition says why."""
    async with cluster() as world:
        await announce(world, **state)
        before = world.store.revision
        await asyncio.sleep(2 * STALE_AFTER)
        assert world.store.revision == before


async def test_a_pod_that_is_going_stays_a_target() -> None:
    """Its deletion is what the condition told of."""
    async with cluster() as world:
        await announce(world)
        await world.registry.delete(PODS, "default", "web", DeleteOptions(gracePeriodSeconds=3600))
        await asyncio.sleep(2 * STALE_AFTER)
        assert told(world) == ("True", "EvictionByEvictionAPI")
