"""The scheduler's picture of the cluster: frozen facts per node, replaced (never changed) as news come in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.scheduling import Taint
from edgeorch_server.scheduler.requests import Request, pod_request, scoring_request, units

HostPort = tuple[str, str, int]
"""Address (``0.0.0.0`` for any), protocol and number of a port taken on the node itself."""

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 (the wildcard of hostIP, nothing is bound)


@dataclass(frozen=True, slots=True)
class PodInfo:
    """What one pod takes from its node."""

    uid: str
    namespace: str
    name: str
    request: Request
    milli_cpu: int
    """CPU that scoring takes it for."""
    memory: int
    """Bytes that scoring takes it for."""
    ports: frozenset[HostPort]

    @classmethod
    def of(cls, pod: Pod) -> PodInfo:
        """Read a pod."""
        milli_cpu, memory = scoring_request(pod)
        return cls(
            pod.metadata.uid,
            pod.metadata.namespace,
            pod.metadata.name,
            pod_request(pod),
            milli_cpu,
            memory,
            host_ports(pod),
        )


def host_ports(pod: Pod) -> frozenset[HostPort]:
    """Give the host ports of a pod; with hostNetwork every container port is one (by defaulting)."""
    return frozenset(
        (port.hostIP or ANY_ADDRESS, port.protocol or "TCP", port.hostPort)
        for container in (*pod.spec.initContainers, *pod.spec.containers)
        for port in container.ports
        if port.hostPort
    )


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """One node with what its pods take together."""

    name: str
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    unschedulable: bool
    allocatable: Request
    pods: Mapping[str, PodInfo] = field(default_factory=dict)
    """By uid."""
    requested: Request = field(default_factory=dict)
    milli_cpu: int = 0
    memory: int = 0
    ports: frozenset[HostPort] = frozenset()

    @classmethod
    def of(cls, node: Node) -> NodeInfo:
        """Read a node, without pods."""
        return cls(
            name=node.metadata.name,
            labels=node.metadata.labels,
            taints=tuple(node.spec.taints),
            unschedulable=node.spec.unschedulable,
            allocatable=units(node.status.allocatable),
        )

    def with_pods(self, pods: Mapping[str, PodInfo]) -> NodeInfo:
        """Give the node with these pods on it instead of its present ones."""
        requested: dict[str, int] = {}
        for pod in pods.values():
            for name, amount in pod.request.items():
                requested[name] = requested.get(name, 0) + amount
        return dataclasses.replace(
            self,
            pods=pods,
            requested=requested,
            milli_cpu=sum(pod.milli_cpu for pod in pods.values()),
            memory=sum(pod.memory for pod in pods.values()),
            ports=frozenset().union(*(pod.ports for pod in pods.values())),
        )


class Cluster:
    """Keeps the node facts up to date from nodes, bound pods, and placements assumed but not bound yet.

    Invariant: a pod counts on exactly one node, the one it is bound to or assumed on.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, NodeInfo] = {}
        self._pods: dict[str, dict[str, PodInfo]] = {}
        self._where: dict[str, str] = {}

    @property
    def nodes(self) -> Mapping[str, NodeInfo]:
        """All nodes by name; the values are frozen, the mapping is live."""
        return self._nodes

    def set_node(self, node: Node) -> None:
        """Add a node or take over its changed facts."""
        name = node.metadata.name
        self._nodes[name] = NodeInfo.of(node).with_pods(dict(self._pods.get(name, {})))

    def remove_node(self, name: str) -> None:
        """Forget a node; its pods stay known, in case it comes back."""
        self._nodes.pop(name, None)

    def place(self, pod: PodInfo, node: str) -> None:
        """Count a pod on a node: it is bound there, or about to be."""
        if self._where.get(pod.uid) != node:
            self.remove_pod(pod.uid)
        self._where[pod.uid] = node
        self._pods.setdefault(node, {})[pod.uid] = pod
        self._refresh(node)

    def remove_pod(self, uid: str) -> bool:
        """Stop counting a pod; True when it was counted, so that there is room now."""
        node = self._where.pop(uid, None)
        if node is None:
            return False
        del self._pods[node][uid]
        self._refresh(node)
        return True

    def placed(self) -> frozenset[str]:
        """Uids of all pods that are counted."""
        return frozenset(self._where)

    def _refresh(self, node: str) -> None:
        info = self._nodes.get(node)
        if info is not None:
            self._nodes[node] = info.with_pods(dict(self._pods.get(node, {})))
