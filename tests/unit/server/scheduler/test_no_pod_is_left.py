"""Every pod that fits somewhere is scheduled: whatever lets it in is noticed, whatever kept it out."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Sequence
from typing import Any

import looptime
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.meta import DeleteOptions
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.scheduling.priority_class import PriorityClass
from edgeorch.api.scheduling.resources import PRIORITY_CLASSES
from edgeorch.api.table import default_table
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.registry.base import PatchType, WriteOptions
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.registry.registry import Registry
from edgeorch_server.scheduler.framework import Placement
from edgeorch_server.scheduler.placing import place
from edgeorch_server.scheduler.prepared import Prepared
from edgeorch_server.scheduler.queue import MAX_BACKOFF, MAX_PARKED
from edgeorch_server.scheduler.scheduler import Scheduler
from edgeorch_server.store.memory import MemoryStore
from tests.fakes.scheduling import HOSTNAME, ZONE, Board, away, near, node, pod, spread

EPOCH = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)
BOARDS = ("n1", "n2", "n3", "n4")
TAINT = {"key": "k", "value": "v", "effect": "NoSchedule"}
QUIET = 3 * MAX_BACKOFF
"""Seconds after which nobody waits out a back-off any more; long before parked pods are tried for no reason."""

WISHES: Sequence[dict[str, Any]] = (
    {},
    {"requests": {"cpu": "1"}},
    {"requests": {"cpu": "2"}},
    {"requests": {"cpu": "3"}, "priorityClassName": "high"},
    {"requests": {"cpu": "4"}, "priorityClassName": "high"},
    {"ports": [{"containerPort": 1, "hostPort": 80}]},
    {"nodeSelector": {"disk": "ssd"}},
    {"tolerations": [{"operator": "Exists"}]},
    {"affinity": away({"app": "a"})},
    {"affinity": near({"app": "b"}, ZONE)},
    {"topologySpreadConstraints": [spread({"app": "a"}, HOSTNAME)]},
    {"topologySpreadConstraints": [spread({"app": "a"}, ZONE)], "requests": {"cpu": "1"}},
    {"schedulingGates": [{"name": "example.com/wait"}]},
)
"""What pods want, two of these each: every one is kept out, and let in, by something else."""

STEPS = ["pod"] * 6 + ["end"] * 4 + ["node", "node", "no node", "disk", "taint", "cordon", "gate", "relabel"]


def _wishes(number: int) -> dict[str, Any]:
    return {**WISHES[number % len(WISHES)], **WISHES[number // len(WISHES) % len(WISHES)]}


class History:
    """A cluster whose scheduler runs by itself, and to which things happen."""

    def __init__(self) -> None:
        self.registry = Registry(MemoryStore(), default_table(), now=self.now)
        self._count = 0

    def now(self) -> dt.datetime:
        return EPOCH + dt.timedelta(seconds=asyncio.get_running_loop().time())

    async def begin(self) -> None:
        await create_initial_objects(self.registry)
        high = PriorityClass.from_dict({"metadata": {"name": "high"}, "value": 1000})
        await self.registry.create(PRIORITY_CLASSES, high)
        await self.add_node("n1", 0)

    async def go(self, step: str, which: int) -> None:
        """Let one thing happen, if it can."""
        bound = [one for one in self.registry.list(PODS) if one.spec.nodeName]
        names = [one.metadata.name for one in self.registry.list(NODES)]
        name = names[which % len(names)] if names else ""
        match step:
            case "pod":
                await self.add_pod(which)
            case "end" if bound:
                await self.end(bound[which % len(bound)].metadata.name)
            case "relabel" if bound:
                labels = {"app": "ab"[which % 2]}
                await self.patch(
                    PODS, bound[which % len(bound)].metadata.name, {"metadata": {"labels": labels}}
                )
            case "node":
                await self.add_node(BOARDS[which % len(BOARDS)], which)
            case "no node" if name:
                await self.registry.delete(NODES, "", name)
            case "disk" if name:
                disk = [None, "ssd"][which % 2]
                await self.patch(NODES, name, {"metadata": {"labels": {"disk": disk}}})
            case "taint" if name:
                await self.patch(NODES, name, {"spec": {"taints": [[], [TAINT]][which % 2]}})
            case "cordon" if name:
                await self.patch(NODES, name, {"spec": {"unschedulable": bool(which % 2)}})
            case "gate":
                for one in self.registry.list(PODS):
                    if one.spec.schedulingGates:
                        await self.patch(PODS, one.metadata.name, {"spec": {"schedulingGates": None}})
            case _:
                pass

    async def add_pod(self, which: int) -> None:
        self._count += 1
        labels = {"app": "ab"[self._count % 2]}
        made = pod(f"p{self._count}", labels=labels, **_wishes(which))
        made.metadata.uid = ""
        await self.registry.create(PODS, made)

    async def add_node(self, name: str, which: int) -> None:
        if any(one.metadata.name == name for one in self.registry.list(NODES)):
            return
        made = node(name, zone="xy"[which % 2], labels={"disk": "ssd"} if which % 3 == 0 else {})
        stored = await self.registry.create(NODES, made)
        stored.status = made.status
        await self.registry.update_status(NODES, stored)

    async def end(self, name: str) -> None:
        await self.registry.delete(PODS, "default", name, DeleteOptions(gracePeriodSeconds=0))

    async def patch(self, resource: ResourceInfo[Any], name: str, patch: dict[str, Any]) -> None:
        namespace = "default" if resource.namespaced else ""
        await self.registry.patch_entry(resource, namespace, name, PatchType.MERGE, patch, WriteOptions())

    async def run_nodes(self) -> None:
        """End what has been asked to end, a moment later."""
        while True:
            await asyncio.sleep(0.5)
            for one in self.registry.list(PODS):
                if one.metadata.deletionTimestamp:
                    await self.end(one.metadata.name)

    def left(self) -> dict[str, str]:
        """Give the pods that wait though there is a node for them, by a plain look at all nodes."""
        board = Board(*self.registry.list(NODES))
        board.cluster.set_namespace("default", {})
        pods = self.registry.list(PODS)
        for one in pods:
            if one.spec.nodeName:
                board.put(one, one.spec.nodeName)
        nodes = list(board.cluster.nodes.values())
        found: dict[str, str] = {}
        for one in pods:
            if not one.spec.nodeName and not one.spec.schedulingGates:
                check = Prepared(board.info(one).shape, board.cluster, board.profile)
                decision, _ = place(check, nodes, len(nodes))
                if isinstance(decision, Placement):
                    found[one.metadata.name] = decision.node
        return found


@example(  # p4 waits for a taint to go; the new node has none, but not yet the neighbour that p4 wants
    steps=[("pod", 0, 0.0)] * 3 + [("taint", 1, 0.0), ("pod", 87, 0.0), ("node", 39, 0.0)]
)
@example(  # p2 is more important than p1, whose neighbour it wants to be
    steps=[("pod", 0, 0.0), ("pod", 61, 0.0), ("pod", 0, 0.0)]
)
@settings(max_examples=60)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(STEPS), st.integers(0, len(WISHES) ** 2 - 1), st.sampled_from([0.0, 0.0, 0.3, 2.0])
        ),
        min_size=4,
        max_size=30,
    )
)
def test_every_schedulable_pod_is_scheduled(steps: list[tuple[str, int, float]]) -> None:
    """Once the queue is quiet, no pod is left that the filters would let in, given the pods that are bound."""
    assert sum(pause for *_, pause in steps) + QUIET < MAX_PARKED

    async def live() -> None:
        history = History()
        await history.begin()
        recorder = EventRecorder(history.registry, "default-scheduler", history.now)
        scheduler = Scheduler(history.registry, recorder, history.now)
        tasks = [asyncio.create_task(scheduler.run()), asyncio.create_task(history.run_nodes())]
        try:
            for step, which, pause in steps:
                await history.go(step, which)
                await asyncio.sleep(pause)
            await asyncio.sleep(QUIET)
            assert not history.left()
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)

    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        runner.run(live())
