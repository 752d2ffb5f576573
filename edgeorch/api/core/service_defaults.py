"""Defaults of Services, and what of them depends on the type.

All functions change the Service they are given, and do no more the second time.
"""

from __future__ import annotations

from edgeorch.api.core.endpoints import Endpoints
from edgeorch.api.core.service import (
    CLUSTER_IP,
    EXTERNAL_NAME,
    HEADLESS,
    LOAD_BALANCER,
    NODE_PORT,
    ClientIPConfig,
    Service,
    ServiceSpec,
    SessionAffinityConfig,
)

THREE_HOURS = 10_800
"""Seconds that a client stays with its pod by default."""

_WITH_ADDRESS = (CLUSTER_IP, NODE_PORT, LOAD_BALANCER)


def default_service(service: Service) -> None:
    """Fill in what does not depend on the cluster (``SetDefaults_Service``)."""
    spec = service.spec
    spec.type = spec.type or CLUSTER_IP
    _default_affinity(spec)
    for port in spec.ports:
        port.protocol = port.protocol or "TCP"
        if port.targetPort in {0, ""}:
            port.targetPort = port.port
    if from_outside(spec):
        spec.externalTrafficPolicy = spec.externalTrafficPolicy or "Cluster"
    if spec.type in _WITH_ADDRESS and spec.internalTrafficPolicy is None:
        spec.internalTrafficPolicy = "Cluster"
    if spec.type == LOAD_BALANCER and spec.allocateLoadBalancerNodePorts is None:
        spec.allocateLoadBalancerNodePorts = True


def _default_affinity(spec: ServiceSpec) -> None:
    spec.sessionAffinity = spec.sessionAffinity or "None"
    if spec.sessionAffinity == "None":
        spec.sessionAffinityConfig = None
    elif spec.sessionAffinity == "ClientIP":
        config = spec.sessionAffinityConfig = spec.sessionAffinityConfig or SessionAffinityConfig()
        config.clientIP = config.clientIP or ClientIPConfig()
        if config.clientIP.timeoutSeconds is None:
            config.clientIP.timeoutSeconds = THREE_HOURS


def default_endpoints(endpoints: Endpoints) -> None:
    """Speak TCP (``SetDefaults_Endpoints``)."""
    for subset in endpoints.subsets:
        for port in subset.ports:
            port.protocol = port.protocol or "TCP"


def from_outside(spec: ServiceSpec) -> bool:
    """Whether it takes traffic from outside of the cluster (``ExternallyAccessible``)."""
    return spec.type in {NODE_PORT, LOAD_BALANCER} or (spec.type == CLUSTER_IP and bool(spec.externalIPs))


def needs_health_check(spec: ServiceSpec) -> bool:
    """Whether nodes tell a load balancer if they have a pod of it (``NeedsHealthCheck``)."""
    return spec.type == LOAD_BALANCER and spec.externalTrafficPolicy == "Local"


def wants_node_ports(spec: ServiceSpec) -> bool:
    """Whether its ports are opened on the nodes too (``ShouldAllocateNodePorts``)."""
    return spec.type == NODE_PORT or (
        spec.type == LOAD_BALANCER and spec.allocateLoadBalancerNodePorts is not False
    )


def is_headless(spec: ServiceSpec) -> bool:
    """Whether it has names and no address."""
    return HEADLESS in (spec.clusterIP, *spec.clusterIPs[:1])


def sync_addresses(new: ServiceSpec, old: ServiceSpec | None) -> None:
    """Let the old field and the new one for addresses say the same (``NormalizeClusterIPs``).

    Older clients know but ``clusterIP``; whoever changes that one alone means both.
    """
    if old is None:
        if new.clusterIP and not new.clusterIPs:
            new.clusterIPs = [new.clusterIP]
        elif new.clusterIPs and not new.clusterIP:
            new.clusterIP = new.clusterIPs[0]
    elif new.clusterIP != old.clusterIP and new.clusterIPs == old.clusterIPs:
        new.clusterIPs = [new.clusterIP] if new.clusterIP else []
    elif new.clusterIP == old.clusterIP and new.clusterIPs and new.clusterIPs != old.clusterIPs:
        new.clusterIP = new.clusterIPs[0]


def keep_chosen(new: ServiceSpec, old: ServiceSpec) -> None:
    """Keep what was chosen for the stored Service and is not said again (``patchAllocatedValues``)."""
    if EXTERNAL_NAME not in {new.type, old.type} and not new.clusterIP and not new.clusterIPs:
        new.clusterIP, new.clusterIPs = old.clusterIP, list(old.clusterIPs)
    if wants_node_ports(old) and wants_node_ports(new):
        had = {(port.protocol, port.port): port.nodePort for port in old.ports}
        taken = {(port.protocol, port.nodePort) for port in new.ports if port.nodePort}
        for port in new.ports:
            before = had.get((port.protocol, port.port), 0)
            if not port.nodePort and before and (port.protocol, before) not in taken:
                port.nodePort = before
    if needs_health_check(old) and needs_health_check(new):
        new.healthCheckNodePort = new.healthCheckNodePort or old.healthCheckNodePort


def drop_foreign(new: ServiceSpec, old: ServiceSpec) -> None:
    """Drop what only the former type had, unless it was changed as well (``dropTypeDependentFields``)."""
    if new.type == EXTERNAL_NAME != old.type and _same_addresses(new, old):
        new.clusterIP, new.clusterIPs = "", []
        if new.ipFamilies == old.ipFamilies:
            new.ipFamilies = []
        if new.ipFamilyPolicy == old.ipFamilyPolicy:
            new.ipFamilyPolicy = None
        if new.internalTrafficPolicy == old.internalTrafficPolicy:
            new.internalTrafficPolicy = None
    if wants_node_ports(old) and not wants_node_ports(new) and _node_ports(new) == _node_ports(old):
        for port in new.ports:
            port.nodePort = 0
    if not needs_health_check(new) and new.healthCheckNodePort == old.healthCheckNodePort:
        new.healthCheckNodePort = 0
    if old.type == LOAD_BALANCER != new.type:
        if new.allocateLoadBalancerNodePorts == old.allocateLoadBalancerNodePorts:
            new.allocateLoadBalancerNodePorts = None
        if new.loadBalancerClass == old.loadBalancerClass:
            new.loadBalancerClass = None
    if not from_outside(new) and new.externalTrafficPolicy == old.externalTrafficPolicy:
        new.externalTrafficPolicy = ""


def _same_addresses(new: ServiceSpec, old: ServiceSpec) -> bool:
    return (new.clusterIP, new.clusterIPs) == (old.clusterIP, old.clusterIPs)


def _node_ports(spec: ServiceSpec) -> set[int]:
    return {port.nodePort for port in spec.ports}
