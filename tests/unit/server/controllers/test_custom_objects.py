"""What controllers do with objects of custom kinds: as with any other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from edgeorch.api.apiextensions.resources import CUSTOM_RESOURCE_DEFINITIONS
from edgeorch.api.autoscaling.resources import HORIZONTAL_POD_AUTOSCALERS
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.resources import NAMESPACES, PODS, RESOURCE_QUOTAS
from edgeorch.api.custom.kind import CustomObject
from edgeorch.api.meta import ObjectMeta
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import Forbidden, NotFound
from edgeorch_server.registry.base import PatchType, WriteOptions
from tests.fakes.custom_kinds import SCHEMA, definition, widget
from tests.fakes.plane import Plane

pytestmark = pytest.mark.looptime

NAME = "widgets.example.com"
CPU_50 = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}


class Cluster(Plane):
    """All controllers, and Widgets."""

    async def define(self, body: dict[str, Any] | None = None) -> None:
        await self.registry.create_entry(CUSTOM_RESOURCE_DEFINITIONS, "", body or definition(), WriteOptions())
        await asyncio.sleep(1)

    @property
    def widgets(self) -> ResourceInfo[CustomObject]:
        found = self.kinds.kind(NAME)
        assert found is not None, "the kind is served"
        return found

    async def put(self, body: dict[str, Any], namespace: str = "default") -> None:
        await self.registry.create_entry(self.widgets, namespace, body, WriteOptions())

    async def release(self, name: str, namespace: str = "default") -> None:
        """Take the finalizers off."""
        patch = {"metadata": {"finalizers": None}}
        await self.registry.patch_entry(self.widgets, namespace, name, PatchType.MERGE, patch, WriteOptions())

    @property
    def left(self) -> list[str]:
        """Names of the Widgets in the store."""
        return [entry.name for entry in self.store.list(NAME)]


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    cluster = Cluster(("pi",))
    await cluster.open()
    async with cluster.running():
        await cluster.define()
        yield cluster


def kept(name: str) -> dict[str, Any]:
    return {**widget(name), "metadata": {"name": name, "finalizers": ["example.com/keep"]}}


async def test_a_quota_counts_custom_objects(cluster: Cluster) -> None:
    """``count/NAME.GROUP``: one too many is refused, and the status says how many there are, as long as there is the kind."""
    count = f"count/{NAME}"
    await cluster.create(RESOURCE_QUOTAS, "q", spec={"hard": {count: "2"}})
    for name in ("a", "b"):
        await cluster.put(widget(name))
    with pytest.raises(Forbidden) as refused:
        await cluster.put(widget("c"))
    assert refused.value.message == (
        f'{NAME} "c" is forbidden: exceeded quota: q, requested: {count}=1, used: {count}=2, limited: {count}=2'
    )
    await asyncio.sleep(1)
    assert cluster.get(RESOURCE_QUOTAS, "q").status.used == {count: "2"}
    await cluster.registry.delete(cluster.widgets, "default", "a")
    await asyncio.sleep(1)
    assert cluster.get(RESOURCE_QUOTAS, "q").status.used == {count: "1"}
    await cluster.registry.delete(CUSTOM_RESOURCE_DEFINITIONS, "", NAME)
    await asyncio.sleep(1)
    assert cluster.get(RESOURCE_QUOTAS, "q").status.used == {}


async def test_a_namespace_goes_with_its_custom_objects(cluster: Cluster) -> None:
    """They are deleted with it, and one that a finalizer holds holds the namespace too; others stay."""
    await cluster.registry.create(NAMESPACES, Namespace(metadata=ObjectMeta(name="shop")))
    for body in (widget("a"), kept("b")):
        await cluster.put(body, "shop")
    await cluster.put(widget("elsewhere"))
    await cluster.registry.delete(NAMESPACES, "", "shop")
    await asyncio.sleep(30)
    assert cluster.left == ["elsewhere", "b"]
    assert cluster.get(NAMESPACES, "shop").status.phase == "Terminating"
    await cluster.release("b", "shop")
    await asyncio.sleep(30)
    assert cluster.left == ["elsewhere"]
    with pytest.raises(NotFound):
        cluster.get(NAMESPACES, "shop")


async def test_a_definition_goes_with_its_last_object(cluster: Cluster) -> None:
    """The end of an object that a finalizer held is waited for, not looked for now and then; nothing is written meanwhile."""
    for body in (widget("a"), kept("b"), kept("c")):
        await cluster.put(body)
    await cluster.registry.delete(CUSTOM_RESOURCE_DEFINITIONS, "", NAME)
    await asyncio.sleep(1)
    revision = cluster.registry.revision
    await asyncio.sleep(600)
    assert (cluster.left, cluster.registry.revision) == (["b", "c"], revision)
    await asyncio.sleep(1)  # not at the very moment at which it would look again
    await cluster.release("b")
    await asyncio.sleep(1)
    assert cluster.get(CUSTOM_RESOURCE_DEFINITIONS, NAME).metadata.finalizers
    await cluster.release("c")
    await asyncio.sleep(1)
    with pytest.raises(NotFound):
        cluster.get(CUSTOM_RESOURCE_DEFINITIONS, NAME)


async def test_an_autoscaler_scales_a_custom_object(cluster: Cluster) -> None:
    """Any kind with the scale subresource is a target: its pods are those of the selector in its status."""
    body = definition(
        schema={"openAPIV3Schema": _with_selector()},
        subresources={
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
    )
    body["metadata"]["resourceVersion"] = cluster.get(
        CUSTOM_RESOURCE_DEFINITIONS, NAME
    ).metadata.resourceVersion
    await cluster.registry.update_entry(CUSTOM_RESOURCE_DEFINITIONS, "", NAME, body, WriteOptions())
    await asyncio.sleep(1)
    await cluster.put(widget("w", replicas=2))
    status = {"status": {"replicas": 2, "selector": "app=web"}}
    await cluster.registry.patch_entry(
        cluster.widgets, "default", "w", PatchType.MERGE, status, WriteOptions(), "status"
    )
    container = {"name": "main", "image": "web:1", "resources": {"requests": {"cpu": "500m"}}}
    for name in ("x", "y"):
        await cluster.create(PODS, name, metadata={"labels": {"app": "web"}}, spec={"containers": [container]})
        await asyncio.sleep(1)
        started = {"status": {"startTime": "2026-05-01T12:00:00Z"}}
        pod = await cluster.patch(PODS, name, "status", **started)
        cluster.meters.cores[pod.metadata.uid] = {"main": 0.5}
    target = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "w"}
    await cluster.create(
        HORIZONTAL_POD_AUTOSCALERS, "h", spec={"scaleTargetRef": target, "maxReplicas": 9, "metrics": [CPU_50]}
    )
    await asyncio.sleep(600)
    told = {
        c.type: (c.status, c.message) for c in cluster.get(HORIZONTAL_POD_AUTOSCALERS, "h").status.conditions
    }
    found = cluster.registry.get(cluster.widgets, "default", "w")
    assert found.content["spec"]["replicas"] == 4, told
    assert found.content["status"] == status["status"]


def _with_selector() -> dict[str, Any]:
    properties = SCHEMA["properties"]
    status = properties["status"]
    with_selector = {**status["properties"], "selector": {"type": "string"}}
    return {**SCHEMA, "properties": {**properties, "status": {**status, "properties": with_selector}}}
