"""Small clusters for the tests of the scheduler's decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod
from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.decider import Decider
from edgeorch_server.scheduler.framework import Placement, Profile
from edgeorch_server.scheduler.node_info import NodeFacts
from edgeorch_server.scheduler.plugins.profile import default_profile
from edgeorch_server.scheduler.shape import PodInfo, Shapes

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"


def node(
    name: str,
    *,
    cpu: str = "4",
    memory: str = "4Gi",
    pods: str = "110",
    labels: Mapping[str, str] | None = None,
    zone: str = "",
    images: Mapping[str, int] | None = None,
    architecture: str = "arm64",
    resources: Mapping[str, str] | None = None,
    **spec: Any,
) -> Node:
    """Make a node; it carries its hostname label."""
    return Node.from_dict(
        {
            "metadata": {
                "name": name,
                "labels": {HOSTNAME: name, **({ZONE: zone} if zone else {}), **(labels or {})},
            },
            "spec": spec,
            "status": {
                "allocatable": {"cpu": cpu, "memory": memory, "pods": pods, **(resources or {})},
                "images": [{"names": [image], "sizeBytes": size} for image, size in (images or {}).items()],
                "nodeInfo": {
                    **dict.fromkeys(
                        (
                            "machineID",
                            "systemUUID",
                            "bootID",
                            "kernelVersion",
                            "osImage",
                            "containerRuntimeVersion",
                            "kubeletVersion",
                            "kubeProxyVersion",
                        ),
                        "",
                    ),
                    "operatingSystem": "linux",
                    "architecture": architecture,
                },
            },
        }
    )


def pod(
    name: str = "web",
    *,
    namespace: str = "default",
    labels: Mapping[str, str] | None = None,
    requests: Mapping[str, str] | None = None,
    ports: Iterable[Mapping[str, Any]] = (),
    image: str = "i",
    owner: str = "",
    started: str = "",
    leaving: bool = False,
    **spec: Any,
) -> Pod:
    """Make a pod with one container; ``owner`` is the uid of its ReplicaSet."""
    container: dict[str, Any] = {"name": "c", "image": image, "ports": list(ports)}
    if requests:
        container["resources"] = {"requests": dict(requests)}
    meta: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-{namespace}-{name}",
        "labels": dict(labels or {}),
    }
    if owner:
        reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner}
        meta["ownerReferences"] = [{**reference, "controller": True}]
    if leaving:
        meta["deletionTimestamp"] = "2026-05-01T12:00:00Z"
    status = {"startTime": started} if started else {}
    return Pod.from_dict({"metadata": meta, "spec": {"containers": [container], **spec}, "status": status})


def near(
    labels: Mapping[str, str], key: str = HOSTNAME, *, kind: str = "podAffinity", **term: Any
) -> dict[str, Any]:
    """Make an ``affinity`` with one required term about pods with these labels."""
    selector = {"labelSelector": {"matchLabels": dict(labels)}, "topologyKey": key, **term}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [selector]}}


def away(labels: Mapping[str, str], key: str = HOSTNAME, **term: Any) -> dict[str, Any]:
    """Make an ``affinity`` with one required anti-affinity term."""
    return near(labels, key, kind="podAntiAffinity", **term)


def spread(
    labels: Mapping[str, str], key: str = ZONE, *, skew: int = 1, soft: bool = False, **more: Any
) -> dict[str, Any]:
    """Make a topology spread constraint."""
    return {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway" if soft else "DoNotSchedule",
        "labelSelector": {"matchLabels": dict(labels)},
        **more,
    }


class Board:
    """A cluster to put nodes and pods on, and the decisions about it."""

    def __init__(
        self, *nodes: Node, on: Mapping[str, Iterable[Pod]] | None = None, profile: Profile | None = None
    ) -> None:
        self.shapes = Shapes()
        self.cluster = Cluster()
        self.profile = profile or default_profile()
        self.decider = Decider(self.cluster, self.profile)
        for one in nodes:
            self.add(one)
        for name, pods in (on or {}).items():
            for one_pod in pods:
                self.put(one_pod, name)

    def add(self, one: Node) -> None:
        """Add a node, or change it."""
        self.cluster.set_node(NodeFacts.of(one))

    def info(self, one: Pod) -> PodInfo:
        """Read a pod."""
        return self.shapes.info(one)

    def put(self, one: Pod, name: str) -> None:
        """Count a pod on a node."""
        self.cluster.place(self.info(one), name)

    def decide(self, wanted: Pod) -> str:
        """Give the node a pod goes to, or why there is none."""
        decision = self.decider.decide(self.info(wanted))
        return decision.node if isinstance(decision, Placement) else str(decision)

    def schedule(self, wanted: Pod) -> str:
        """Decide, and count the pod where it goes to."""
        decision = self.decider.decide(self.info(wanted))
        if not isinstance(decision, Placement):
            return str(decision)
        self.put(wanted, decision.node)
        return decision.node
