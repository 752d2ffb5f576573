"""Pods per second through the scheduler, for the workloads of Kubernetes' scheduler_perf.

First the decision alone, in memory; then, for pods that want nothing special, with everything that belongs to
it: the watch that tells of the pod, the binding through the registry, durable on the disk. Upstream's figures
are the thresholds of its CI at 5,000 nodes, etcd and API server included, on other hardware.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import time

import uvloop

from bench import scheduler_workloads as workloads
from bench.load import steady_rate
from bench.options import Options
from bench.scheduler_workloads import WORKLOADS, Workload
from bench.table import Row
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.table import default_table
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.registry.registry import Registry
from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.decider import Decider
from edgeorch_server.scheduler.framework import Placement
from edgeorch_server.scheduler.node_info import NodeFacts
from edgeorch_server.scheduler.plugins.profile import default_profile
from edgeorch_server.scheduler.preemption import Preemption
from edgeorch_server.scheduler.scheduler import Scheduler
from edgeorch_server.scheduler.shape import PodInfo, Shapes
from edgeorch_server.scheduler.victims import Victims
from edgeorch_server.store.fields import fields_from
from edgeorch_server.store.tinydb import TinyStore

UPSTREAM = "published: kube-scheduler CI threshold"
_TARGETS = {1000: 3000.0, 5000: 2000.0}
_ANTI_AFFINITY_TARGET = 300.0


def run(options: Options) -> list[Row]:
    """Measure."""
    sizes = (100,) if options.quick else (500, 1000, 5000)
    count = 100 if options.quick else 2000
    rows = []
    for size in sizes:
        for workload in WORKLOADS:
            target = _ANTI_AFFINITY_TARGET if (workload.name, size) == ("PodAntiAffinity", 5000) else None
            rows.append(
                Row(
                    f"{workload.name}, {size:,} nodes: decisions/s",
                    decisions(workload, size, count),
                    UPSTREAM if size == 5000 and workload.threshold else "",
                    workload.threshold if size == 5000 else None,
                    target=target,
                )
            )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            rate = runner.run(bound(WORKLOADS[0], size, count, options))
        threshold = WORKLOADS[0].threshold if size == 5000 else None
        rows.append(
            Row(
                f"{WORKLOADS[0].name}, {size:,} nodes: pods bound/s",
                rate,
                UPSTREAM if threshold else "",
                threshold,
                target=_TARGETS.get(size),
            )
        )
    return rows


def filled(workload: Workload, size: int, shapes: Shapes) -> Cluster:
    """Make a cluster with the pods that are there before."""
    cluster = Cluster()
    for number in range(size):
        cluster.set_node(NodeFacts.of(workloads.node(number, workload)))
        for other in range(workload.there_per_node):
            made = (workload.there or workload.pod)(number)
            cluster.place(shapes.info(workloads.pod(f"there-{number}-{other}", made)), f"node-{number}")
    return cluster


def decisions(workload: Workload, size: int, count: int) -> float:
    """Decide about so many pods (at most one per node where they repel each other); gives pods per second."""
    shapes = Shapes()
    cluster = filled(workload, size, shapes)
    decider = Decider(cluster, default_profile())
    preemption = Preemption(cluster, default_profile())
    pods = [
        shapes.info(workloads.pod(f"new-{number}", workload.pod(number)))
        for number in range(min(count, size) if workload.name == "PodAntiAffinity" else count)
    ]
    moments = [time.perf_counter()]
    for pod in pods:
        _decide(decider, preemption, cluster, pod)
        moments.append(time.perf_counter())
    return steady_rate(moments)


def _decide(decider: Decider, preemption: Preemption, cluster: Cluster, pod: PodInfo) -> None:
    decision = decider.decide(pod)
    if isinstance(decision, Placement):
        cluster.place(pod, decision.node)
        return
    found = preemption.find(pod, decision)
    if isinstance(found, Victims):
        for victim in found.pods:
            cluster.remove_pod(victim.uid)
        cluster.place(pod, found.node)


async def bound(workload: Workload, size: int, count: int, options: Options) -> float:
    """Let the scheduler bind pods that are there when it starts; gives pods per second, on the disk."""
    folder = options.folder / f"scheduler-{size}"
    async with await TinyStore.open(folder, fields_from(default_table())) as store:
        registry = Registry(store, default_table())
        await create_initial_objects(registry)
        for number in range(size):
            node = workloads.node(number, workload)
            created = await registry.create(NODES, node)
            created.status = node.status
            await registry.update_status(NODES, created)
        for first in range(0, count, 100):
            await asyncio.gather(
                *(
                    registry.create(PODS, workloads.pod(f"new-{number}", workload.pod(number)))
                    for number in range(first, min(first + 100, count))
                )
            )
        recorder = EventRecorder(registry, "default-scheduler", _now)
        waiting = {f"new-{number}" for number in range(count)}
        _as_in_the_server()
        with registry.watch(PODS) as watch:
            moments = [time.perf_counter()]
            task = asyncio.create_task(Scheduler(registry, recorder, _now).run())
            async for event in watch:
                if event.entry.fields["spec.nodeName"] and event.entry.name in waiting:
                    waiting.remove(event.entry.name)
                    moments.append(time.perf_counter())
                if not waiting:
                    break
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return steady_rate(moments, windows=8)  # up to 256 bindings share a sync of the disk


def _as_in_the_server() -> None:
    """Set the garbage collector as the control plane does, which makes the objects of this process its own."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
