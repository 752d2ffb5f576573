"""The workloads of Kubernetes' scheduler_perf that apply here: which nodes there are, and which pods come.

Like upstream's templates (``test/integration/scheduler_perf/config/templates``): pods of 100m CPU and 500 MB on
nodes of 4 CPUs and 32 GB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"


@dataclass(frozen=True, slots=True)
class Workload:
    """Pods that are measured, on nodes that may hold others already."""

    name: str
    pod: Callable[[int], dict[str, Any]]
    """Makes a pod's spec, affinity and all; labels under ``labels``."""
    zones: int = 0
    """Nodes are in so many zones; 0 is none."""
    there_per_node: int = 1
    """Like pods that are there before."""
    there: Callable[[int], dict[str, Any]] | None = None
    """Those, where they are others."""
    node_cpu: str = "4"
    schedulable: bool = True
    threshold: float | None = None
    """Pods/s that upstream's CI wants of kube-scheduler at 5,000 nodes, on other hardware."""


def node(number: int, workload: Workload) -> Node:
    """Make a node."""
    name = f"node-{number}"
    labels = {HOSTNAME: name, "disk": "ssd" if number % 2 else "hdd"}
    if workload.zones:
        labels[ZONE] = f"zone-{number % workload.zones}"
    allocatable = {"cpu": workload.node_cpu, "memory": "32Gi", "pods": "110"}
    return Node.from_dict(
        {"metadata": {"name": name, "labels": labels}, "status": {"allocatable": allocatable}}
    )


def pod(name: str, made: dict[str, Any]) -> Pod:
    """Make a pod of what a workload says."""
    requests = made.get("requests", {"cpu": "100m", "memory": "500Mi"})
    container = {"name": "pause", "image": "registry.k8s.io/pause:3.10", "resources": {"requests": requests}}
    meta = {"name": name, "namespace": "default", "uid": name, "labels": made.get("labels", {"app": "b"})}
    return Pod.from_dict({"metadata": meta, "spec": {"containers": [container], **made.get("spec", {})}})


def _terms(kind: str, key: str) -> dict[str, Any]:
    term = {"labelSelector": {"matchLabels": {"color": "blue"}}, "topologyKey": key}
    spec = {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}
    return {"labels": {"color": "blue"}, "spec": spec}


def _spread(_: int) -> dict[str, Any]:
    constraint = {
        "maxSkew": 5,
        "topologyKey": ZONE,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"color": "blue"}},
    }
    return {"labels": {"color": "blue"}, "spec": {"topologySpreadConstraints": [constraint]}}


def _on_ssd(_: int) -> dict[str, Any]:
    expression = {"key": "disk", "operator": "In", "values": ["ssd"]}
    required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {
        "spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}
    }


def _plain(_: int) -> dict[str, Any]:
    return {}


WORKLOADS = (
    Workload("SchedulingBasic", _plain, threshold=680),
    Workload("every pod another", lambda number: {"labels": {"app": f"a{number}"}}),
    Workload("PodAffinity", lambda _: _terms("podAffinity", ZONE), zones=1, threshold=35),
    Workload("PodAntiAffinity", lambda _: _terms("podAntiAffinity", HOSTNAME), there_per_node=0, threshold=60),
    Workload("TopologySpreading", _spread, zones=3, threshold=85),
    Workload("NodeAffinity", _on_ssd, threshold=220),
    Workload(
        "Preemption",
        lambda _: {"requests": {"cpu": "3"}, "spec": {"priority": 10}},
        there=lambda _: {"requests": {"cpu": "900m", "memory": "500Mi"}},
        there_per_node=4,
        threshold=200,
    ),
    Workload(
        "Unschedulable",
        lambda _: {"requests": {"cpu": "10"}},
        schedulable=False,
        threshold=590,
    ),
)
