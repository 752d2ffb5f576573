"""A registry on a memory store with a clock that stands still until it is told to go on."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from edgeorch.api.core.resources import NAMESPACES, PODS
from edgeorch.api.meta import DeleteOptions
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.table import default_table
from edgeorch_server.registry.base import PatchType, WriteOptions, Written
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore

START = dt.datetime(2026, 5, 1, 12, 0, 0, tzinfo=dt.UTC)


@dataclass
class Clock:
    """Wall time under the test's control."""

    time: dt.datetime = START

    def __call__(self) -> dt.datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += dt.timedelta(seconds=seconds)


@dataclass
class World:
    """The registry under test and short words for asking it."""

    store: MemoryStore
    clock: Clock
    registry: Registry
    options: WriteOptions = field(default_factory=WriteOptions)

    async def create(self, resource: ResourceInfo[Any], body: dict[str, Any], **options: Any) -> Written:
        namespace = "default" if resource.namespaced else ""
        namespace = options.pop("namespace", namespace)
        return await self.registry.create_entry(resource, namespace, body, WriteOptions(**options))

    async def pod(self, name: str = "x", **changes: Any) -> Written:
        return await self.create(PODS, pod_body(name, **changes))

    async def put(
        self, resource: ResourceInfo[Any], body: dict[str, Any], subresource: str = "", **options: Any
    ) -> Written:
        namespace = "default" if resource.namespaced else ""
        name = options.pop("name", body["metadata"].get("name", ""))
        return await self.registry.update_entry(
            resource, namespace, name, body, WriteOptions(**options), subresource
        )

    async def patch(
        self,
        resource: ResourceInfo[Any],
        name: str,
        patch: Any,
        kind: PatchType = PatchType.MERGE,
        subresource: str = "",
        **options: Any,
    ) -> Written:
        namespace = "default" if resource.namespaced else ""
        return await self.registry.patch_entry(
            resource, namespace, name, kind, patch, WriteOptions(**options), subresource
        )

    async def delete(
        self,
        resource: ResourceInfo[Any],
        name: str,
        delete: DeleteOptions | None = None,
        **options: Any,
    ) -> Written:
        namespace = "default" if resource.namespaced else ""
        return await self.registry.delete_entry(
            resource, namespace, name, delete or DeleteOptions(), WriteOptions(**options)
        )

    def body(self, resource: ResourceInfo[Any], name: str) -> dict[str, Any]:
        """Read an object as a client that is going to PUT it back."""
        body: dict[str, Any] = self.get(resource, name).to_dict()
        return body

    def get(self, resource: ResourceInfo[Any], name: str) -> Any:
        return self.registry.get(resource, "default" if resource.namespaced else "", name)

    def exists(self, resource: ResourceInfo[Any], name: str) -> bool:
        namespace = "default" if resource.namespaced else ""
        return self.store.get(resource.key, namespace, name) is not None


def pod_body(name: str = "x", **changes: Any) -> dict[str, Any]:
    """Make a small manifest; ``changes`` go into metadata or spec, by what they are called."""
    meta: dict[str, Any] = {"name": name}
    spec: dict[str, Any] = {"containers": [{"name": "main", "image": "nginx:1.25"}]}
    for key, value in changes.items():
        (spec if key in _SPEC else meta)[key] = value
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


_SPEC = {
    "containers",
    "nodeName",
    "terminationGracePeriodSeconds",
    "schedulingGates",
    "serviceAccountName",
    "priorityClassName",
    "priority",
    "preemptionPolicy",
    "tolerations",
    "imagePullSecrets",
    "hostPID",
    "restartPolicy",
}


@pytest.fixture
def manifest() -> Any:
    return pod_body


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def world(clock: Clock) -> AsyncIterator[World]:
    store = MemoryStore()
    uids = (f"uid-{number}" for number in itertools.count(1))
    names = (f"{number:05}" for number in itertools.count(1))
    registry = Registry(
        store,
        default_table(),
        now=clock,
        new_uid=lambda: next(uids),
        new_name=lambda base: base + next(names),
    )
    made = World(store, clock, registry)
    await registry.create_entry(NAMESPACES, "", {"metadata": {"name": "default"}}, WriteOptions())
    yield made
    await store.close()
