"""The status of resource quotas: how much of each limit is used."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edgeorch.api.core.config import ConfigMap
from edgeorch.api.core.persistent_volume_claim import PersistentVolumeClaim
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.quota import ResourceQuota
from edgeorch.api.core.resources import (
    CONFIG_MAPS,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    RESOURCE_QUOTAS,
    SERVICES,
)
from edgeorch.api.core.service import Service
from edgeorch.api.meta import DeleteOptions, ObjectMeta
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.resource_quota import QuotaStatus, sources
from edgeorch_server.controllers.runner import Controller, Key

from .world import World

pytestmark = pytest.mark.looptime


@pytest.fixture
async def world() -> World:
    made = World()
    await create_initial_objects(made.registry)
    return made


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    table = world.registry.table
    reconciler = QuotaStatus(world.registry, table, world.now)
    controller = Controller("resource-quota", reconciler, sources(table), world.registry)
    task = asyncio.create_task(controller.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def limit(world: World, **hard: str) -> None:
    body = {"metadata": {"name": "q", "namespace": "default"}, "spec": {"hard": hard}}
    await world.registry.create(RESOURCE_QUOTAS, ResourceQuota.from_dict(body))


async def pod(world: World, name: str, **spec: Any) -> Pod:
    requests = {"cpu": "500m", "memory": "64Mi"}
    container = {"name": "main", "image": "i", "resources": {"requests": requests}}
    body = {"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": [container], **spec}}
    return await world.registry.create(PODS, Pod.from_dict(body))


async def used(world: World) -> dict[str, str]:
    await asyncio.sleep(1)
    status = world.registry.get(RESOURCE_QUOTAS, "default", "q").status
    assert not status.hard or status.hard == world.registry.get(RESOURCE_QUOTAS, "default", "q").spec.hard
    return status.used


async def test_what_is_used_is_told(world: World) -> None:
    """Used is what pods and objects in storage add up to, for exactly what the quota limits."""
    async with running(world):
        await pod(world, "a")
        await limit(world, **{"requests.cpu": "2", "memory": "1Gi", "pods": "5", "configmaps": "3"})
        assert await used(world) == {"configmaps": "0", "memory": "64Mi", "pods": "1", "requests.cpu": "500m"}
        await pod(world, "b")
        await world.registry.create(CONFIG_MAPS, ConfigMap(metadata=ObjectMeta(name="c", namespace="default")))
        assert await used(world) == {"configmaps": "1", "memory": "128Mi", "pods": "2", "requests.cpu": "1"}
        done = world.registry.get(PODS, "default", "a")
        done.status.phase = "Succeeded"
        await world.registry.update_status(PODS, done)
        await world.registry.delete(CONFIG_MAPS, "default", "c")
        assert await used(world) == {"configmaps": "0", "memory": "64Mi", "pods": "1", "requests.cpu": "500m"}


async def test_services_and_claims_are_added_up(world: World) -> None:
    """Node ports, load balancers and storage count as in Kubernetes, by storage class too."""
    async with running(world):
        gold = "gold.storageclass.storage.k8s.io"
        names = ("requests.storage", f"{gold}/requests.storage", f"{gold}/persistentvolumeclaims")
        await limit(
            world, **{"services.nodeports": "9", "services.loadbalancers": "9"}, **dict.fromkeys(names, "9Gi")
        )
        assert set((await used(world)).values()) == {"0"}
        ports = [{"name": name, "port": port} for name, port in (("http", 80), ("https", 443))]
        meta = {"name": "web", "namespace": "default"}
        spec = {"type": "LoadBalancer", "ports": ports}
        await world.registry.create(SERVICES, Service.from_dict({"metadata": meta, "spec": spec}))
        for name, storage_class in (("a", "gold"), ("b", "tin")):
            claim = {
                "metadata": {"name": name, "namespace": "default"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": storage_class,
                    "resources": {"requests": {"storage": "1Gi"}},
                },
            }
            await world.registry.create(PERSISTENT_VOLUME_CLAIMS, PersistentVolumeClaim.from_dict(claim))
        assert await used(world) == {
            "services.nodeports": "2",
            "services.loadbalancers": "1",
            "requests.storage": "2Gi",
            f"{gold}/requests.storage": "1Gi",
            f"{gold}/persistentvolumeclaims": "1",
        }


async def test_a_changed_limit_is_shown(world: World) -> None:
    """The status says which limits it was counted for."""
    async with running(world):
        await limit(world, pods="5")
        assert await used(world) == {"pods": "0"}
        quota = world.registry.get(RESOURCE_QUOTAS, "default", "q")
        quota.spec.hard = {"secrets": "1"}
        await world.registry.update(RESOURCE_QUOTAS, quota)
        assert await used(world) == {"secrets": "0"}


async def test_what_nobody_counts_is_not_shown(world: World) -> None:
    """A limit on a kind that does not exist here has no usage."""
    async with running(world):
        await limit(world, **{"count/widgets.example.com": "1", "example.com/light": "1", "pods": "1"})
        assert await used(world) == {"pods": "0"}


async def test_a_pod_that_should_be_gone_stops_to_count(world: World) -> None:
    """The clock alone changes what is used, without any write to the pod."""
    async with running(world):
        await limit(world, pods="5")
        await pod(world, "a", nodeName="lost", terminationGracePeriodSeconds=30)
        await world.registry.delete(PODS, "default", "a", DeleteOptions())
        assert await used(world) == {"pods": "1"}
        await asyncio.sleep(61)
        assert await used(world) == {"pods": "0"}


async def test_an_idle_cluster_writes_nothing(world: World) -> None:
    """A quota that is exceeded, and one that counts nothing, cause no writes."""
    await pod(world, "a")
    await limit(world, pods="0", cpu="0")
    async with running(world):
        await asyncio.sleep(5)
        revision = world.store.revision
        await asyncio.sleep(3600)
        assert world.store.revision == revision
        await QuotaStatus(world.registry, world.registry.table, world.now).reconcile(Key("", "default"))
        assert world.store.revision == revision
