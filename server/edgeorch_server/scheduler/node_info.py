"""One node as the scheduler sees it: its facts, and what its pods take together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Self

from edgeorch.api.core.node import Node
from edgeorch.api.core.scheduling import Taint
from edgeorch_server.scheduler.requests import Request, units
from edgeorch_server.scheduler.shape import HostPort, PodInfo


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a Node object says that matters here. A heartbeat changes none of it."""

    name: str
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    unschedulable: bool
    allocatable: Request
    images: Mapping[str, int]
    """Bytes of every image that is present, by each of its names."""
    architecture: str

    @classmethod
    def of(cls, node: Node) -> Self:
        """Read a node."""
        info = node.status.nodeInfo
        return cls(
            name=node.metadata.name,
            labels=node.metadata.labels,
            taints=tuple(node.spec.taints),
            unschedulable=node.spec.unschedulable,
            allocatable=units(node.status.allocatable),
            images={name: image.sizeBytes for image in node.status.images for name in image.names},
            architecture=info.architecture if info else "",
        )


@dataclass(slots=True, eq=False)
class NodeInfo:
    """A node with its pods. Changed in place, by :class:`~edgeorch_server.scheduler.cluster.Cluster` only.

    Invariant: ``requested``, ``milli_cpu``, ``memory`` and ``ports`` are the sums over ``pods``.
    """

    facts: NodeFacts
    pods: dict[str, PodInfo] = field(default_factory=dict)
    """By uid."""
    requested: dict[str, int] = field(default_factory=dict)
    milli_cpu: int = 0
    memory: int = 0
    ports: Counter[HostPort] = field(default_factory=Counter)
    nominated: dict[str, PodInfo] = field(default_factory=dict)
    """By uid: pods that room is being made for here. They are not among ``pods``."""

    @property
    def name(self) -> str:
        """Name of the node."""
        return self.facts.name

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of the node."""
        return self.facts.labels

    def add(self, pod: PodInfo) -> None:
        """Count a pod that is not counted yet."""
        self.pods[pod.uid] = pod
        self._count(pod, 1)

    def remove(self, uid: str) -> PodInfo:
        """Stop counting a pod; gives what was counted."""
        pod = self.pods.pop(uid)
        self._count(pod, -1)
        return pod

    def copy(self) -> NodeInfo:
        """Give a copy to try things out on."""
        return NodeInfo(
            self.facts,
            dict(self.pods),
            dict(self.requested),
            self.milli_cpu,
            self.memory,
            Counter(self.ports),
            dict(self.nominated),
        )

    def without(self, pods: Collection[PodInfo]) -> NodeInfo:
        """Give a copy in which these pods of it are not counted."""
        stay = len(self.pods) - len(pods)
        if stay >= len(pods):
            copy = self.copy()
            for pod in pods:
                copy.remove(pod.uid)
            return copy
        copy = NodeInfo(self.facts, nominated=dict(self.nominated))
        gone = {pod.uid for pod in pods}
        for uid, pod in self.pods.items():
            if uid not in gone:
                copy.add(pod)
        return copy

    def _count(self, pod: PodInfo, by: int) -> None:
        shape, requested = pod.shape, self.requested
        for name, amount in shape.request.items():
            requested[name] = requested.get(name, 0) + by * amount
        self.milli_cpu += by * shape.milli_cpu
        self.memory += by * shape.memory
        for port in shape.ports:
            self.ports[port] += by
            if not self.ports[port]:
                del self.ports[port]
