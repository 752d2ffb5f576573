"""Services: one name and address for a changing set of pods."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.meta import (
    Atomic,
    Condition,
    Int32,
    IntOrString,
    ListKeys,
    MergeKey,
    Model,
    Object,
    Unsupported,
)

CLUSTER_IP = "ClusterIP"
NODE_PORT = "NodePort"
LOAD_BALANCER = "LoadBalancer"
EXTERNAL_NAME = "ExternalName"
TYPES = (CLUSTER_IP, EXTERNAL_NAME, LOAD_BALANCER, NODE_PORT)

HEADLESS = "None"
"""The ``clusterIP`` of a Service that has no address, only names for its pods."""

NOT_FORWARDED = "nodes do not forward traffic to services yet"


class ServicePort(Model):
    """A port that a Service listens on."""

    name: str = ""
    """Name of the port, unique in the Service; may be empty if it is the only one."""
    protocol: str = ""
    """``TCP`` (the default), ``UDP`` or ``SCTP``."""
    appProtocol: str | None = None
    """What is spoken on the port, as a hint to those who forward it."""
    port: Int32
    """Number of the port on the Service's address."""
    targetPort: IntOrString = 0
    """Number or name of the port on the pods; the same number unless given."""
    nodePort: Int32 = 0
    """Number of the port on every node, for the types that have one; chosen when it is left out."""


class ClientIPConfig(Model):
    """How long a client stays with the pod it first got to."""

    timeoutSeconds: Int32 | None = None
    """Seconds, from 1 to 86400; three hours by default."""


class SessionAffinityConfig(Model):
    """Settings of the session affinity."""

    clientIP: ClientIPConfig | None = None
    """For affinity by the client's address."""


class ServiceSpec(Model):
    """What a Service forwards, from where to where."""

    ports: Annotated[
        list[ServicePort], MergeKey("port"), ListKeys(("port", "protocol"), (("protocol", "TCP"),))
    ] = Field(default_factory=list)
    """Ports it listens on."""
    selector: Annotated[dict[str, str], Atomic()] = Field(default_factory=dict)
    """Labels of the pods that serve it; without any, somebody else writes its endpoints."""
    clusterIP: str = ""
    """Its address in the cluster, chosen when left out; ``None`` for a headless Service."""
    clusterIPs: list[str] = Field(default_factory=list)
    """All its addresses, the first one being ``clusterIP``."""
    type: str = ""
    """``ClusterIP`` (the default), ``NodePort``, ``LoadBalancer`` or ``ExternalName``."""
    externalIPs: list[str] = Field(default_factory=list)
    """More addresses that nodes take its traffic on, routed to them by somebody else."""
    sessionAffinity: str = ""
    """``ClientIP`` keeps a client at one pod; ``None`` (the default) does not."""
    loadBalancerIP: str = ""
    """Address to ask a load balancer for; deprecated."""
    loadBalancerSourceRanges: list[str] = Field(default_factory=list)
    """Networks that a load balancer takes traffic from; all when empty."""
    externalName: str = ""
    """DNS name that a Service of type ``ExternalName`` stands for."""
    externalTrafficPolicy: str = ""
    """Whether traffic from outside goes to any node's pods (``Cluster``) or the same node's (``Local``)."""
    healthCheckNodePort: Int32 = 0
    """Port on which nodes tell a load balancer whether they have a pod, for the policy ``Local``."""
    publishNotReadyAddresses: bool = False
    """Whether pods count before they are ready."""
    sessionAffinityConfig: SessionAffinityConfig | None = None
    """Settings of the session affinity."""
    ipFamilies: list[str] = Field(default_factory=list)
    """``IPv4`` or ``IPv6``, one for each address."""
    ipFamilyPolicy: str | None = None
    """``SingleStack`` (the default), ``PreferDualStack`` or ``RequireDualStack``."""
    allocateLoadBalancerNodePorts: bool | None = None
    """Whether a Service of type ``LoadBalancer`` gets node ports; true by default."""
    loadBalancerClass: str | None = None
    """Which load balancer is meant."""
    internalTrafficPolicy: str | None = None
    """Whether traffic from inside goes to any node's pods (``Cluster``) or the same node's (``Local``)."""
    trafficDistribution: str | None = None
    """Which pods are preferred, such as ``PreferClose``."""


class PortStatus(Model):
    """What became of one port of a load balancer."""

    port: Int32
    """Number of the port."""
    protocol: str
    """Its protocol."""
    error: str | None = None
    """What is wrong with it, in CamelCase."""


class LoadBalancerIngress(Model):
    """A way in that a load balancer offers."""

    ip: str = ""
    """Its address."""
    hostname: str = ""
    """Its name."""
    ipMode: str | None = None
    """``VIP`` or ``Proxy``: whether packets come with this address."""
    ports: list[PortStatus] = Field(default_factory=list)
    """What became of its ports."""


class LoadBalancerStatus(Model):
    """What a load balancer offers."""

    ingress: list[LoadBalancerIngress] = Field(default_factory=list)
    """The ways in."""


class ServiceStatus(Model):
    """What became of a Service."""

    loadBalancer: LoadBalancerStatus = Field(default_factory=LoadBalancerStatus)
    """Of its load balancer."""
    conditions: Annotated[list[Condition], MergeKey("type"), ListKeys(("type",))] = Field(default_factory=list)
    """What is the matter with it."""


class Service(Object):
    """One name and address for a changing set of pods."""

    spec: Annotated[ServiceSpec, Unsupported(NOT_FORWARDED)] = Field(default_factory=ServiceSpec)
    """What it forwards."""
    status: ServiceStatus = Field(default_factory=ServiceStatus)
    """What became of it."""
