"""A Deployment of many replicas on simulated nodes: from apply until all are scheduled, and until all run.

Then its memory in the server, and a rolling update of a smaller one, by Kubernetes' defaults (maxSurge and
maxUnavailable 25 %). Images and containers take no time here: all of it is orchestration.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bench.cluster import PODS, Api, Watch, simulated
from bench.load import percentile
from bench.options import Options
from bench.simulated import SimulatedCluster
from bench.table import Row
from bench.usage import cpu_seconds, pss
from edgeorch.cli.simulation import FleetShape

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SLO = "published: Kubernetes' SLO"
_STARTUP_SLO = 5000.0
"""Milliseconds for 99 of 100 pods, without pulls, at 20 changes a second (sig-scalability)."""
_PATIENCE = 600.0
_SETTLE = 5.0
_MEMORY_TARGET = 18.0
"""MB: what the budgets of 450 MB for 5,000 nodes and 20,000 pods, and of 90 MB for next to none, leave."""


def run(options: Options) -> list[Row]:
    """Measure."""
    nodes, replicas, rolled = (4, 12, 4) if options.quick else (100, 1000, 100)
    with simulated(options, FleetShape(nodes)) as made:
        return asyncio.run(_run(made, replicas, rolled, settle=0 if options.quick else _SETTLE))


async def _run(made: SimulatedCluster, replicas: int, rolled: int, *, settle: float) -> list[Row]:
    api = Api(made.api_port, made.folder.kubeconfig)
    server = made.server.pid
    nodes = f"{made.shape.nodes} simulated nodes"
    await asyncio.sleep(settle)
    memory, cpu = pss([server]), cpu_seconds(server)
    course = await _create(api, "many", replicas)
    cpu = cpu_seconds(server) - cpu
    await asyncio.sleep(settle)
    memory = pss([server]) - memory
    took = await _roll(api, "rolled", rolled)
    api.close()
    of = f"Deployment of {replicas:,}"
    return [
        Row(f"{of}, POST -> all scheduled, s", course.all_scheduled, lower_is_better=True, note=nodes),
        Row(f"{of}, POST -> all running, s", course.all_running, lower_is_better=True, note=nodes),
        Row(
            f"{of}, a pod created -> running, p99 ms",
            percentile(course.startups, 99),
            SLO,
            _STARTUP_SLO,
            lower_is_better=True,
            target=_STARTUP_SLO,
            note=f"all at once (the SLO: 20/s); p50 {percentile(course.startups, 50):,.0f} ms",
        ),
        Row(f"{of}, server CPU per pod, ms", cpu * 1000 / replicas, lower_is_better=True),
        Row(
            "server, PSS MB per 1,000 pods",
            memory * 1000 / replicas,
            lower_is_better=True,
            target=_MEMORY_TARGET,
            note=f"what {replicas:,} pods added",
        ),
        Row(f"rolling update of {rolled:,} replicas, s", took, lower_is_better=True, note=nodes),
    ]


class _Course:
    """When each pod of a Deployment got how far, as a watch told it."""

    def __init__(self, begin: float) -> None:
        self._begin = begin
        self._created: dict[str, float] = {}
        self._scheduled: dict[str, float] = {}
        self._running: dict[str, float] = {}

    def take(self, at: float, pod: dict[str, Any]) -> None:
        """Take a pod as it was at this time."""
        name = pod["metadata"]["name"]
        self._created.setdefault(name, at)
        if pod["spec"].get("nodeName"):
            self._scheduled.setdefault(name, at)
        if pod.get("status", {}).get("phase") == "Running":
            self._running.setdefault(name, at)

    @property
    def running(self) -> int:
        """How many run."""
        return len(self._running)

    @property
    def all_scheduled(self) -> float:
        """Seconds until the last one had a node."""
        return max(self._scheduled.values()) - self._begin

    @property
    def all_running(self) -> float:
        """Seconds until the last one ran."""
        return max(self._running.values()) - self._begin

    @property
    def startups(self) -> list[float]:
        """Milliseconds that each pod took, from when it was there until it ran."""
        return [(at - self._created[name]) * 1000 for name, at in self._running.items()]


async def _create(api: Api, name: str, replicas: int) -> _Course:
    """Create a Deployment, and follow its pods until all of them run."""
    async with api.watch(PODS, f"labelSelector=app={name}") as pods:
        course = _Course(time.perf_counter())
        await api.request("POST", DEPLOYMENTS, deployment(name, replicas))
        async with asyncio.timeout(_PATIENCE):
            while course.running < replicas:
                at, _, pod = await pods.next()
                course.take(at, pod)
    return course


async def _roll(api: Api, name: str, replicas: int) -> float:
    """Give a Deployment another template; gives the seconds until its rollout is complete."""
    path = f"{DEPLOYMENTS}/{name}"
    async with api.watch(DEPLOYMENTS, f"fieldSelector=metadata.name={name}") as changes:
        created = await api.request("POST", DEPLOYMENTS, deployment(name, replicas))
        await _complete(changes, created, replicas)
        current = await api.request("GET", path)
        current["spec"]["template"]["spec"]["containers"][0]["image"] = "localhost/bench:2"
        del current["metadata"]["resourceVersion"]
        begin = time.perf_counter()
        updated = await api.request("PUT", path, current)
        return await _complete(changes, updated, replicas) - begin


async def _complete(changes: Watch, wanted: dict[str, Any], replicas: int) -> float:
    """Wait until a rollout is complete, by the rule of ``kubectl rollout status``; gives the time."""
    generation = wanted["metadata"]["generation"]

    def done(_: str, found: dict[str, Any]) -> bool:
        status = found.get("status", {})
        counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
        return bool(status.get("observedGeneration", 0) >= generation) and counts == [replicas] * 3

    return await changes.until(done, patience=_PATIENCE)


def deployment(name: str, replicas: int, pod_spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Make a Deployment whose pods fit on simulated boards by the hundred."""
    labels = {"app": name}
    container = {
        "name": "main",
        "image": "localhost/bench:1",
        "imagePullPolicy": "IfNotPresent",
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
    }
    spec = {"terminationGracePeriodSeconds": 1, "containers": [container], **(pod_spec or {})}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
