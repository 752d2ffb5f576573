import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edgeorch.api.core.node import Node
from edgeorch.api.core.persistent_volume_claim import PersistentVolumeClaim
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import EVENTS, NODES, PERSISTENT_VOLUME_CLAIMS, PODS
from edgeorch.api.meta import DeleteOptions
from edgeorch.api.policy.pod_disruption_budget import PodDisruptionBudget
from edgeorch.api.policy.resources import POD_DISRUPTION_BUDGETS
from edgeorch.api.scheduling.priority_class import PriorityClass
from edgeorch.api.scheduling.resources import PRIORITY_CLASSES
from edgeorch.api.table import default_table
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.registry.registry import Registry
from edgeorch_server.scheduler.scheduler import Scheduler
from edgeorch_server.store.memory import MemoryStore

pytestmark = pytest.mark.looptime

NO_VICTIMS = "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."

EPOCH = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)


class World:
    """A registry in memory and a running scheduler."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.registry = Registry(self.store, default_table(), now=self.now)

    def now(self) -> dt.datetime:
        return EPOCH + dt.timedelta(seconds=asyncio.get_running_loop().time())

    async def add_node(self, name: str, *, cpu: str = "4", **spec: Any) -> None:
        node = await self.registry.create(NODES, Node.from_dict({"metadata": {"name": name}, "spec": spec}))
        node.status.allocatable = {"cpu": cpu, "memory": "4Gi", "pods": "110"}
        await self.registry.update_status(NODES, node)

    async def add_pod(self, name: str, *, cpu: str = "100m", **spec: Any) -> None:
        container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}}
        namespace = spec.pop("namespace", "default")
        meta = {"name": name, "namespace": namespace, "labels": {"app": name}}
        body = {"metadata": meta, "spec": {"containers": [container], **spec}}
        await self.registry.create(PODS, Pod.from_dict(body))

    async def add_class(self, name: str, value: int, **more: Any) -> None:
        made = PriorityClass.from_dict({"metadata": {"name": name}, "value": value, **more})
        await self.registry.create(PRIORITY_CLASSES, made)

    def where(self, name: str) -> str:
        return self.registry.get(PODS, "default", name).spec.nodeName

    def condition(self, name: str, type_: str = "PodScheduled") -> tuple[str, str, str]:
        conditions = self.registry.get(PODS, "default", name).status.conditions
        found = next(c for c in conditions if c.type == type_)
        return found.status, found.reason, found.message

    def events(self, reason: str) -> list[tuple[str, str]]:
        found = [e for e in self.registry.list(EVENTS) if e.reason == reason]
        return [(e.involvedObject.name, e.message) for e in found]


@asynccontextmanager
async def running_world() -> AsyncIterator[World]:
    world = World()
    await create_initial_objects(world.registry)
    recorder = EventRecorder(world.registry, "default-scheduler", world.now)
    task = asyncio.create_task(Scheduler(world.registry, recorder, world.now).run())
    try:
        yield world
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_pod_is_bound_and_told_so() -> None:
    """A binding sets the node, the PodScheduled condition, and a Scheduled event in Kubernetes' words."""
    async with running_world() as world:
        await world.add_node("pi-1")
        await world.add_pod("web")
        await asyncio.sleep(1)
        assert world.where("web") == "pi-1"
        assert world.condition("web")[0] == "True"
        events = [(e.reason, e.message) for e in world.registry.list(EVENTS)]
        assert events == [("Scheduled", "Successfully assigned default/web to pi-1")]


async def test_a_pending_pod_says_why_and_goes_when_it_can() -> None:
    """The condition carries kube-scheduler's sentence; a node that appears is noticed by itself."""
    async with running_world() as world:
        await world.add_node("pi-1", cpu="1")
        await world.add_pod("big", cpu="2")
        await asyncio.sleep(1)
        assert world.condition("big") == (
            "False",
            "Unschedulable",
            f"0/1 nodes are available: 1 Insufficient cpu. {NO_VICTIMS}",
        )
        await world.add_node("pi-2", cpu="4")
        await asyncio.sleep(15)
        assert world.where("big") == "pi-2"


async def test_room_that_is_not_kept_any_more_is_noticed() -> None:
    """What was kept for a pod on one node is there for others as soon as that pod goes to another node."""
    async with running_world() as world:
        await world.add_class("high", 1000)
        await world.add_node("pi-1", cpu="4")
        await world.add_pod("low", cpu="2", terminationGracePeriodSeconds=3600)
        await asyncio.sleep(1)
        anywhere = [{"operator": "Exists"}]
        await world.add_pod("high", cpu="4", priorityClassName="high", tolerations=anywhere)
        await world.add_pod("other", cpu="1")
        await asyncio.sleep(20)
        assert (world.where("high"), world.where("other")) == ("", "")
        taint = {"key": "k", "effect": "NoSchedule"}
        await world.add_node("pi-2", cpu="4", taints=[taint])
        await asyncio.sleep(20)
        assert (world.where("high"), world.where("other")) == ("pi-2", "pi-1")


async def test_an_unschedulable_pod_costs_nothing_while_nothing_changes() -> None:
    """A pod that fits nowhere makes no writes in an idle cluster."""
    async with running_world() as world:
        await world.add_node("pi-1", cpu="1")
        await world.add_pod("big", cpu="2")
        await asyncio.sleep(30)
        revision = world.store.revision
        await asyncio.sleep(3600)
        assert world.store.revision == revision


async def test_no_node_is_overcommitted_by_a_burst() -> None:
    """Placements that are not bound yet count already."""
    async with running_world() as world:
        await world.add_node("pi-1", cpu="1")
        await world.add_node("pi-2", cpu="1")
        for number in range(10):
            await world.add_pod(f"p{number}", cpu="250m")
        await asyncio.sleep(30)
        placed = [world.where(f"p{number}") for number in range(10)]
        assert (placed.count("pi-1"), placed.count("pi-2"), placed.count("")) == (4, 4, 2)


async def test_a_deleted_pod_makes_room_for_the_next() -> None:
    """A waiting pod gets another try when a pod goes."""
    async with running_world() as world:
        await world.add_node("pi-1", cpu="1")
        await world.add_pod("first", cpu="1")
        await world.add_pod("second", cpu="1")
        await asyncio.sleep(5)
        assert (world.where("first"), world.where("second")) == ("pi-1", "")
        await world.registry.delete(PODS, "default", "first", DeleteOptions(gracePeriodSeconds=0))
        await asyncio.sleep(15)
        assert world.where("second") == "pi-1"


async def test_pods_of_other_schedulers_are_left_alone() -> None:
    """Kubernetes, "Configure Multiple Schedulers": a pod names who places it."""
    async with running_world() as world:
        await world.add_node("pi-1")
        await world.add_pod("other", schedulerName="mine")
        await asyncio.sleep(30)
        assert world.where("other") == ""


async def test_a_gated_pod_waits_for_its_gates() -> None:
    """Kubernetes, "Pod Scheduling Readiness": SchedulingGated until the last gate is removed, then scheduled."""
    async with running_world() as world:
        await world.add_node("pi-1")
        await world.add_pod("gated", schedulingGates=[{"name": "example.com/quota"}])
        await asyncio.sleep(30)
        assert world.condition("gated")[:2] == ("False", "SchedulingGated")
        pod = world.registry.get(PODS, "default", "gated")
        pod.spec.schedulingGates = []
        await world.registry.update(PODS, pod)
        await asyncio.sleep(5)
        assert world.where("gated") == "pi-1"


async def test_an_urgent_pod_takes_the_place_of_a_lesser_one() -> None:
    """Kubernetes, "Preemption": the victim ends gracefully and says why; meanwhile the place is kept."""
    async with running_world() as world:
        await world.add_node("pi-1", cpu="1")
        await world.add_pod("lesser", cpu="1", terminationGracePeriodSeconds=20)
        await asyncio.sleep(5)
        await world.add_pod(
            "urgent", cpu="1", priorityClassName="system-cluster-critical", namespace="kube-system"
        )
        await asyncio.sleep(5)
        urgent = world.registry.get(PODS, "kube-system", "urgent")
        assert urgent.status.nominatedNodeName == "pi-1"
        assert urgent.status.conditions[0].message == "0/1 nodes are available: 1 Insufficient cpu."
        lesser = world.registry.get(PODS, "default", "lesser")
        assert lesser.metadata.deletionGracePeriodSeconds == 20
        assert world.condition("lesser", "DisruptionTarget") == (
            "True",
            "PreemptionByScheduler",
            "default-scheduler: preempting to accommodate a higher priority pod",
        )
        assert world.events("Preempted") == [("lesser", f"Preempted by pod {urgent.metadata.uid} on node pi-1")]
        await world.add_pod("upstart", cpu="1")
        await world.registry.delete(PODS, "default", "lesser", DeleteOptions(gracePeriodSeconds=0))
        await asyncio.sleep(30)
        assert world.registry.get(PODS, "kube-system", "urgent").spec.nodeName == "pi-1"
        assert world.where("upstart") == ""


async def test_preemption_spares_what_a_budget_keeps() -> None:
    """Kubernetes, "PodDisruptionBudget is supported": a more important victim goes, if it has no budget."""
    async with running_world() as world:
        for name in ("pi-1", "pi-2"):
            await world.add_node(name, cpu="1")
        await world.add_class("some", 50)
        await world.add_class("more", 100)
        budget = {"metadata": {"name": "b", "namespace": "default"}}
        spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "guarded"}}}
        made = PodDisruptionBudget.from_dict({**budget, "spec": spec})
        await world.registry.create(POD_DISRUPTION_BUDGETS, made)
        await world.add_pod("guarded", cpu="1")
        await world.add_pod("free", cpu="1", priorityClassName="some")
        await asyncio.sleep(5)
        await world.add_pod("urgent", cpu="1", priorityClassName="more")
        await asyncio.sleep(5)
        assert [victim for victim, _ in world.events("Preempted")] == ["free"]


async def test_a_pod_that_must_not_preempt_waits() -> None:
    """Kubernetes, "Non-preempting PriorityClass": ``preemptionPolicy: Never`` waits for room like any other."""
    async with running_world() as world:
        await world.add_node("pi-1", cpu="1")
        await world.add_class("patient", 1000, preemptionPolicy="Never")
        await world.add_pod("lesser", cpu="1")
        await asyncio.sleep(5)
        await world.add_pod("patient", cpu="1", priorityClassName="patient")
        await asyncio.sleep(30)
        assert world.condition("patient")[2] == (
            "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never."
        )
        assert world.where("lesser") == "pi-1"


async def test_the_reason_is_told_again_when_something_happened_and_not_too_often() -> None:
    """A reason that stays the same is counted up in its event, at most once a minute."""
    async with running_world() as world:
        await world.add_node("pi-1", cpu="1")
        await world.add_pod("big", cpu="2")
        for number in range(60):
            await asyncio.sleep(5)
            await world.add_node(f"pi-1{number}", cpu="1")
            await world.registry.delete(NODES, "", f"pi-1{number}")
        told = [e for e in world.registry.list(EVENTS) if e.reason == "FailedScheduling"]
        assert {e.involvedObject.name for e in told} == {"big"}
        assert 1 <= max(e.count for e in told) <= 6


async def test_an_update_of_another_kind_of_a_node_wakes_nobody() -> None:
    """Heartbeats and conditions of nodes are no chance for a pod that does not fit."""
    async with running_world() as world:
        await world.add_node("pi-1", cpu="1")
        await world.add_pod("big", cpu="2")
        await asyncio.sleep(30)
        before = world.registry.get(PODS, "default", "big").metadata.resourceVersion
        events = len(world.events("FailedScheduling"))
        for _ in range(5):
            node = world.registry.get(NODES, "", "pi-1")
            node.status.phase = "Running" if not node.status.phase else ""
            await world.registry.update_status(NODES, node)
            await asyncio.sleep(70)
        assert world.registry.get(PODS, "default", "big").metadata.resourceVersion == before
        assert len(world.events("FailedScheduling")) == events


CLAIM = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
NOT_HELPFUL = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."


async def test_a_pod_waits_for_its_claims() -> None:
    """It says that one is missing, then that it has no volume; it goes to a node once that is bound."""
    async with running_world() as world:
        await world.add_node("pi-1")
        await world.add_pod("db", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])
        await asyncio.sleep(1)
        sentence = 'persistentvolumeclaim "data" not found'
        message = f"0/1 nodes are available: {sentence}. {NOT_HELPFUL}"
        assert world.condition("db") == ("False", "Unschedulable", message)

        meta = {"name": "data", "namespace": "default"}
        claim = PersistentVolumeClaim.from_dict({"metadata": meta, **CLAIM})
        await world.registry.create(PERSISTENT_VOLUME_CLAIMS, claim)
        await asyncio.sleep(15)
        sentence = "pod has unbound immediate PersistentVolumeClaims"
        message = f"0/1 nodes are available: {sentence}. {NOT_HELPFUL}"
        assert world.condition("db") == ("False", "Unschedulable", message)
        assert world.where("db") == ""

        claim = world.registry.get(PERSISTENT_VOLUME_CLAIMS, "default", "data")
        claim.status.phase = "Bound"
        await world.registry.update_status(PERSISTENT_VOLUME_CLAIMS, claim)
        await asyncio.sleep(15)
        assert world.where("db") == "pi-1"
