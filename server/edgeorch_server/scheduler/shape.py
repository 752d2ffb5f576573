"""What the plugins read of pods: all that decides where a pod can go is its *shape*; equal pods share one.

The pods of a ReplicaSet have one shape. It is compiled once, however many pods there are, and its identity is
what decisions are remembered by (:mod:`~edgeorch_server.scheduler.ranking`).
"""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.scheduling import NodeAffinity, Toleration
from edgeorch_server.scheduler.requests import Request, pod_request, scoring_request
from edgeorch_server.scheduler.terms import (
    EVERYTHING,
    HOSTNAME,
    ZONE,
    AffinityTerm,
    SpreadConstraint,
    WeightedTerm,
    affinity_terms,
    spread_constraints,
    weighted_terms,
)

HostPort = tuple[str, str, int]
"""Address (``0.0.0.0`` for any), protocol and number of a port taken on the node itself."""

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 (the wildcard of hostIP, nothing is bound)

SPREAD_BY_DEFAULT = frozenset({"ReplicaSet", "ReplicationController", "StatefulSet"})

DEFAULT_SPREAD = (
    SpreadConstraint(HOSTNAME, 3, EVERYTHING),
    SpreadConstraint(ZONE, 5, EVERYTHING),
)
"""Kubernetes' constraints for the pods of a controller that name none, both ``ScheduleAnyway``; they count the
pods of that same controller (docs/design/0011)."""


class Kin:
    """Shapes that differ in namespace, labels and controller only. Compared by identity."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Shape:
    """All that is read of a pod to place it. Compared by identity: get it from :class:`Shapes`."""

    kin: Kin
    namespace: str
    labels: Mapping[str, str]
    priority: int
    preempts: bool
    """``preemptionPolicy`` is not ``Never``."""
    request: Request
    milli_cpu: int
    """CPU that scoring takes it for."""
    memory: int
    """Bytes that scoring takes it for."""
    ports: frozenset[HostPort]
    images: tuple[str, ...]
    """Of init containers and containers."""
    node_selector: Mapping[str, str]
    node_affinity: NodeAffinity | None
    tolerations: tuple[Toleration, ...]
    affinity: tuple[AffinityTerm, ...]
    anti_affinity: tuple[AffinityTerm, ...]
    wishes: tuple[WeightedTerm, ...]
    spread: tuple[SpreadConstraint, ...]
    """Those with ``DoNotSchedule``."""
    loose_spread: tuple[SpreadConstraint, ...]
    """Those with ``ScheduleAnyway``, or the cluster's default ones."""
    default_spread: bool
    """``loose_spread`` are the cluster's default constraints."""
    controller: str
    """Uid of the controller whose pods are spread together by default; empty without one."""
    claims: tuple[str, ...] = ()
    """Names of the PersistentVolumeClaims that its volumes are."""

    @property
    def minds_neighbours(self) -> bool:
        """Whether the pod has affinity terms of any kind, which its presence makes others feel."""
        return bool(self.affinity or self.anti_affinity or self.wishes)

    @property
    def looks_around(self) -> bool:
        """Whether other pods' labels matter to it."""
        return bool(self.minds_neighbours or self.spread or self.loose_spread)


@dataclass(frozen=True, slots=True)
class PodInfo:
    """One pod, as the scheduler keeps it."""

    uid: str
    namespace: str
    name: str
    shape: Shape
    version: str = ""
    created: str = ""
    started: str = ""
    """``status.startTime``; empty while no node has taken it on."""
    leaving: bool = False
    """It has a deletionTimestamp."""
    preempted: bool = False
    """It leaves because the scheduler preempted it."""
    nominated: str = ""
    """``status.nominatedNodeName``."""


class Shapes:
    """Gives equal pods the same shape, as long as anybody holds it."""

    def __init__(self) -> None:
        self._known: weakref.WeakValueDictionary[Hashable, Shape] = weakref.WeakValueDictionary()
        self._kin: weakref.WeakValueDictionary[Hashable, Kin] = weakref.WeakValueDictionary()

    def info(self, pod: Pod) -> PodInfo:
        """Read a pod."""
        meta, status = pod.metadata, pod.status
        return PodInfo(
            uid=meta.uid,
            namespace=meta.namespace,
            name=meta.name,
            shape=self.of(pod),
            version=meta.resourceVersion,
            created=meta.creationTimestamp or "",
            started=status.startTime or "",
            leaving=meta.deletionTimestamp is not None,
            preempted=any(
                c.type == "DisruptionTarget" and c.reason == "PreemptionByScheduler" and c.status == "True"
                for c in status.conditions
            ),
            nominated=status.nominatedNodeName,
        )

    def of(self, pod: Pod) -> Shape:
        """Give a pod's shape."""
        wants = _wants(pod)
        key = (pod.metadata.namespace, tuple(sorted(pod.metadata.labels.items())), _controller(pod), wants)
        shape = self._known.get(key)
        if shape is None:
            kin = self._kin.get(wants)
            if kin is None:
                kin = self._kin[wants] = Kin()
            shape = self._known[key] = _compile(pod, kin)
        return shape


def _wants(pod: Pod) -> Hashable:
    """Write down all that :func:`_compile` reads of the spec, cheaper than compiling it."""
    spec = pod.spec
    return (
        spec.priority,
        spec.preemptionPolicy,
        tuple(sorted(spec.nodeSelector.items())),
        spec.affinity.to_json() if spec.affinity else b"",
        tuple((t.key, t.operator, t.value, t.effect) for t in spec.tolerations),
        tuple(c.to_json() for c in spec.topologySpreadConstraints),
        tuple(map(_container_key, spec.initContainers)),
        tuple(map(_container_key, spec.containers)),
        tuple(sorted(spec.overhead.items())),
        # A claim is another one in another namespace, which kin do not look at.
        tuple((pod.metadata.namespace, name) for name in _claims(pod)),
    )


def _container_key(container: Container) -> Hashable:
    requests = container.resources.requests if container.resources else {}
    return (
        container.image,
        container.restartPolicy,
        tuple(sorted(requests.items())),
        tuple((p.hostIP, p.protocol, p.hostPort) for p in container.ports if p.hostPort),
    )


def _compile(pod: Pod, kin: Kin) -> Shape:
    meta, spec = pod.metadata, pod.spec
    affinity = spec.affinity
    near = affinity.podAffinity if affinity else None
    away = affinity.podAntiAffinity if affinity else None
    milli_cpu, memory = scoring_request(pod)
    default_spread = not spec.topologySpreadConstraints and bool(_controller(pod))
    return Shape(
        kin=kin,
        namespace=meta.namespace,
        labels=dict(meta.labels),
        priority=spec.priority or 0,
        preempts=spec.preemptionPolicy != "Never",
        request={name: amount for name, amount in pod_request(pod).items() if amount > 0},
        milli_cpu=milli_cpu,
        memory=memory,
        ports=_host_ports(pod),
        images=tuple(container.image for container in (*spec.initContainers, *spec.containers)),
        node_selector=dict(spec.nodeSelector),
        node_affinity=affinity.nodeAffinity if affinity else None,
        tolerations=tuple(spec.tolerations),
        affinity=affinity_terms(pod, near.requiredDuringSchedulingIgnoredDuringExecution) if near else (),
        anti_affinity=affinity_terms(pod, away.requiredDuringSchedulingIgnoredDuringExecution) if away else (),
        wishes=weighted_terms(pod),
        spread=spread_constraints(pod, "DoNotSchedule"),
        loose_spread=DEFAULT_SPREAD if default_spread else spread_constraints(pod, "ScheduleAnyway"),
        default_spread=default_spread,
        controller=_controller(pod),
        claims=_claims(pod),
    )


def _claims(pod: Pod) -> tuple[str, ...]:
    volumes = (volume.persistentVolumeClaim for volume in pod.spec.volumes)
    return tuple(claim.claimName for claim in volumes if claim is not None)


def _controller(pod: Pod) -> str:
    """Give the controller whose pods Kubernetes spreads by default (``DefaultSelector``)."""
    for owner in pod.metadata.ownerReferences:
        if owner.controller and owner.kind in SPREAD_BY_DEFAULT:
            return owner.uid
    return ""


def _host_ports(pod: Pod) -> frozenset[HostPort]:
    """Give the host ports of a pod; with hostNetwork every container port is one (by defaulting)."""
    return frozenset(
        (port.hostIP or ANY_ADDRESS, port.protocol or "TCP", port.hostPort)
        for container in (*pod.spec.initContainers, *pod.spec.containers)
        for port in container.ports
        if port.hostPort
    )
