"""A cluster of which only the workload controllers are real: a registry in memory, a clock, and scripted nodes."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import EVENTS, NODES, PODS
from edgeorch.api.meta import DeleteOptions, Object, format_time
from edgeorch.api.resources import LiveTable, ResourceInfo
from edgeorch.api.table import default_table, served_table
from edgeorch.errors import ApiError
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.definitions.serving import CustomKinds
from edgeorch_server.controllers.runner import Controller, Key, Reconciler, Sources
from edgeorch_server.controllers.service_account import DefaultServiceAccount
from edgeorch_server.controllers.workloads import workload_controllers
from edgeorch_server.registry.base import ListOptions, PatchType, WriteOptions
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore

EPOCH = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)
ROUNDS = 200
"""How often everything is reconciled before a test says that it never comes to rest."""


class Workshop:
    """Pods go where the test puts them, and are as ready as it says."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.time = EPOCH
        self.now_is: Callable[[], dt.datetime] | None = None
        uids = (f"uid-{number:06}" for number in itertools.count(1))
        names = (f"{number:05}" for number in itertools.count(1))
        self.kinds = CustomKinds(self.store, LiveTable(default_table()), LiveTable(served_table()))
        self.registry = Registry(
            self.store,
            self.kinds.stored,
            now=self.now,
            new_uid=lambda: next(uids),
            new_name=lambda base: base + next(names),
        )
        self.controllers: Sequence[Controller] = ()
        self.restart()

    def restart(self) -> None:
        """Start all controllers anew: what they had in mind is lost."""
        self.controllers = workload_controllers(self.registry, self.now)

    async def open(self) -> Workshop:
        """Create what every cluster has."""
        await create_initial_objects(self.registry)
        await DefaultServiceAccount(self.registry).reconcile(Key("", "default"))
        return self

    def now(self) -> dt.datetime:
        return self.now_is() if self.now_is else self.time

    def advance(self, seconds: float) -> None:
        self.time += dt.timedelta(seconds=seconds)

    # What users do

    async def create(self, resource: ResourceInfo[Any], name: str, **body: Any) -> Any:
        """Create an object from the rest of its manifest."""
        meta = {"name": name, **body.pop("metadata", {})}
        namespace = "default" if resource.namespaced else ""
        await self.registry.create_entry(resource, namespace, {"metadata": meta, **body}, WriteOptions())
        return self.get(resource, name)

    async def patch(self, resource: ResourceInfo[Any], name: str, subresource: str = "", **patch: Any) -> Any:
        """Merge a patch into an object."""
        namespace = "default" if resource.namespaced else ""
        await self.registry.patch_entry(
            resource, namespace, name, PatchType.MERGE, patch, WriteOptions(), subresource
        )
        return self.get(resource, name)

    async def patch_node(self, name: str, patch: dict[str, Any]) -> None:
        """Merge a patch into a node."""
        await self.registry.patch_entry(NODES, "", name, PatchType.MERGE, patch, WriteOptions())

    def get(self, resource: ResourceInfo[Any], name: str) -> Any:
        return self.registry.get(resource, "default" if resource.namespaced else "", name)

    def all(self, resource: ResourceInfo[Any]) -> Sequence[Any]:
        return self.registry.list(resource, "default")

    def events(self, about: str = "") -> list[tuple[str, str]]:
        """Give reasons and messages, oldest first; all, or those about the object of a name."""
        entries = sorted(
            (self.registry.get(EVENTS, e.namespace, e.name) for e in self._entries(EVENTS)),
            key=lambda event: int(event.metadata.resourceVersion),
        )
        return [(e.reason, e.message) for e in entries if about in {"", e.involvedObject.name}]

    def _entries(self, resource: ResourceInfo[Any]) -> Any:
        return self.registry.list_entries(resource, ListOptions()).entries

    # What controllers do

    def reconciler(self, name: str) -> Reconciler:
        """Find a controller's logic."""
        return next(c.reconciler for c in self.controllers if c.name == name)

    async def reconcile(self) -> None:
        """Reconcile every object once; refusals are the controllers' own business."""
        for controller in self.controllers:
            assert not isinstance(controller.sources, Sources), "a workload controller follows certain kinds"
            resource = controller.sources[0].resource
            for entry in self._entries(resource):
                try:
                    await controller.reconciler.reconcile(Key(entry.namespace, entry.name))
                except ApiError:
                    continue

    def _versions(self) -> set[tuple[str, int]]:
        kinds = (resource for resource in self.registry.table if resource != EVENTS)
        return {(entry.uid, entry.revision) for kind in kinds for entry in self._entries(kind)}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let the controllers run by themselves; the clock goes with the loop's."""
        loop, start = asyncio.get_running_loop(), self.time
        begun = loop.time()
        self.now_is = lambda: start + dt.timedelta(seconds=loop.time() - begun)
        tasks = [asyncio.create_task(controller.run()) for controller in self.controllers]
        try:
            yield
        finally:
            self.time = self.now()
            self.now_is = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def settle(self) -> None:
        """Reconcile until nothing is written any more, which must come; events that count up do not matter."""
        for _ in range(ROUNDS):
            before = self._versions()
            await self.reconcile()
            if self._versions() == before:
                return
        raise AssertionError(f"the controllers still write after {ROUNDS} rounds")

    # What nodes do

    def pods(self, **labels: str) -> list[Pod]:
        """Give the pods that have these labels and are not being deleted, by name."""
        found = [pod for pod in self.all(PODS) if labels.items() <= pod.metadata.labels.items()]
        return [pod for pod in found if not pod.metadata.deletionTimestamp]

    async def report(self, pod: Pod, *, ready: bool = True, phase: str = "Running") -> None:
        """Report a pod's status, as a node does."""
        fresh = self.registry.get(PODS, pod.metadata.namespace, pod.metadata.name)
        fresh.status = fresh.status.model_copy(
            update={
                "phase": phase,
                "conditions": Pod.from_dict(
                    {"status": {"conditions": [self._ready(fresh, "True" if ready else "False")]}}
                ).status.conditions,
            }
        )
        await self.registry.update_status(PODS, fresh)

    def _ready(self, pod: Pod, status: str) -> dict[str, str]:
        old = next((c for c in pod.status.conditions if c.type == "Ready"), None)
        same = old is not None and old.status == status
        since = old.lastTransitionTime if old is not None and same else format_time(self.now())
        return {"type": "Ready", "status": status, "lastTransitionTime": since or ""}

    async def all_ready(self) -> None:
        """Let every pod run and be ready."""
        for pod in self.pods():
            if not any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions):
                await self.report(pod)

    async def place(self, pod: Object, node: str) -> None:
        """Bind a pod, as the scheduler does."""
        fresh = self.registry.get(PODS, pod.metadata.namespace, pod.metadata.name)
        await self.registry.bind(fresh, node)

    async def kill(self, pod: Object) -> None:
        """Remove a pod at once."""
        options = DeleteOptions(gracePeriodSeconds=0)
        await self.registry.delete(PODS, pod.metadata.namespace, pod.metadata.name, options)

    async def roll(self) -> None:
        """Reconcile and let every pod get ready, until nothing happens any more."""
        for _ in range(ROUNDS):
            before = self._versions()
            await self.settle()
            await self.all_ready()
            if self._versions() == before:
                return
        raise AssertionError(f"the rollout has not ended after {ROUNDS} rounds")


def template(image: str = "nginx:1", **labels: str) -> dict[str, Any]:
    """Make a pod template with one container."""
    return {
        "metadata": {"labels": labels or {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": image}]},
    }


def workload(replicas: int | None = None, image: str = "nginx:1", **spec: Any) -> dict[str, Any]:
    """Make the spec of a workload whose pods have the label ``app: web``."""
    made: dict[str, Any] = {"selector": {"matchLabels": {"app": "web"}}, "template": template(image), **spec}
    return made if replicas is None else {"replicas": replicas, **made}
