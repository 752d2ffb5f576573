"""Validation of Services (``ValidateService``)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from edgeorch.api.core.service import (
    CLUSTER_IP,
    EXTERNAL_NAME,
    HEADLESS,
    LOAD_BALANCER,
    NODE_PORT,
    TYPES,
    Service,
    ServicePort,
    ServiceSpec,
)
from edgeorch.api.core.service_defaults import from_outside, is_headless, needs_health_check
from edgeorch.api.core.validation.addresses import (
    validate_app_protocol,
    validate_endpoint_address,
    validate_port_name,
    validate_protocol,
)
from edgeorch.api.label_rules import qualified_name_problems
from edgeorch.api.meta_validation import validate_enum, validate_labels, validate_meta, validate_meta_update
from edgeorch.api.names import (
    dns_1035_problems,
    dns_subdomain_problems,
    ip_problems,
    port_name_problems,
    port_problems,
)
from edgeorch.api.validation import FieldError, Path, bad, duplicate, forbidden, not_supported, required

POLICIES = ("Cluster", "Local")
DISTRIBUTIONS = ("PreferClose", "PreferSameNode", "PreferSameZone")
FAMILIES = ("IPv4", "IPv6")
FAMILY_POLICIES = ("SingleStack", "PreferDualStack", "RequireDualStack")

_SPEC = Path("spec")
_DAY = 86_400
_KUBELET_PORT = 10_250
_FIXED = "may not change once set"


def validate_service(service: Service) -> list[FieldError]:
    """Check a new Service, with all that was chosen for it."""
    errors = validate_meta(service.metadata, namespaced=True, name_rule=dns_1035_problems)
    return errors + _validate_spec(service.spec)


def validate_service_update(new: Service, old: Service) -> list[FieldError]:
    """Check a changed Service (``ValidateServiceUpdate``): it keeps its address as long as it has one."""
    errors = validate_meta_update(new.metadata, old.metadata)
    was, spec = old.spec, new.spec
    if EXTERNAL_NAME not in {was.type, spec.type} and was.clusterIPs:
        for number, address in enumerate(was.clusterIPs):
            path = _SPEC.child("clusterIPs").at(number)
            if number >= len(spec.clusterIPs):
                errors.append(required(path, "primary clusterIP can not be unset")) if number == 0 else None
            elif spec.clusterIPs[number] != address:
                errors.append(bad(path, spec.clusterIPs, _FIXED))
    if was.type == spec.type == LOAD_BALANCER and was.loadBalancerClass != spec.loadBalancerClass:
        errors.append(bad(_SPEC.child("loadBalancerClass"), spec.loadBalancerClass, _FIXED))
    return errors + _validate_spec(spec)


def validate_service_status_update(new: Service, old: Service) -> list[FieldError]:
    """Check a changed status (``ValidateServiceStatusUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata)
    path = Path("status").child("loadBalancer", "ingress")
    ways = new.status.loadBalancer.ingress
    if ways and new.spec.type != LOAD_BALANCER:
        errors.append(forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'"))
    for number, way in enumerate(ways):
        here = path.at(number)
        if way.ip:
            errors += [bad(here.child("ip"), way.ip, problem) for problem in ip_problems(way.ip)]
        if way.hostname:
            errors += [
                bad(here.child("hostname"), way.hostname, p) for p in dns_subdomain_problems(way.hostname)
            ]
    return errors


def _validate_spec(spec: ServiceSpec) -> list[FieldError]:
    return [
        *_validate_type(spec),
        *_validate_ports(spec),
        *validate_labels(spec.selector, _SPEC.child("selector")),
        *_validate_affinity(spec),
        *_validate_addresses(spec),
        *_validate_external_ips(spec),
        *_validate_balancer(spec),
        *_validate_policies(spec),
    ]


def _validate_type(spec: ServiceSpec) -> list[FieldError]:
    errors = validate_enum(spec.type, _SPEC.child("type"), TYPES)
    if not spec.ports and not is_headless(spec) and spec.type != EXTERNAL_NAME:
        errors.append(required(_SPEC.child("ports")))
    if spec.type in {LOAD_BALANCER, NODE_PORT} and is_headless(spec):
        path = _SPEC.child("clusterIPs").at(0)
        errors.append(bad(path, HEADLESS, f"may not be set to 'None' for {spec.type} services"))
    if spec.type == EXTERNAL_NAME:
        why = "may not be set for ExternalName services"
        errors += [
            forbidden(_SPEC.child(name), why)
            for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
            if getattr(spec, name)
        ]
        errors += _validate_external_name(spec.externalName, _SPEC.child("externalName"))
    return errors


def _validate_external_name(name: str, path: Path) -> list[FieldError]:
    name = name.removesuffix(".")  # a dot says that the name is complete
    return [bad(path, name, p) for p in dns_subdomain_problems(name)] if name else [required(path)]


def _validate_ports(spec: ServiceSpec) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    seen: set[tuple[str, int]] = set()
    on_nodes: set[tuple[str, int]] = set()
    for number, port in enumerate(spec.ports):
        path = _SPEC.child("ports").at(number)
        errors += _validate_port(port, path, named=len(spec.ports) > 1)
        if port.name in names:
            errors.append(duplicate(path.child("name"), port.name))
        names |= {port.name} - {""}
        if port.nodePort:
            if spec.type == CLUSTER_IP:
                errors.append(forbidden(path.child("nodePort"), "may not be used when `type` is 'ClusterIP'"))
            if (port.protocol, port.nodePort) in on_nodes:
                errors.append(duplicate(path.child("nodePort"), port.nodePort))
            on_nodes.add((port.protocol, port.nodePort))
        if (port.protocol, port.port) in seen:
            errors.append(duplicate(path, {"protocol": port.protocol, "port": port.port}))
        seen.add((port.protocol, port.port))
        if spec.type == LOAD_BALANCER and port.port == _KUBELET_PORT:
            why = f"may not expose port {_KUBELET_PORT} externally since it is used by kubelet"
            errors.append(bad(path, port.port, why))
    return errors


def _validate_port(port: ServicePort, path: Path, *, named: bool) -> list[FieldError]:
    target = port.targetPort
    problems = port_problems(target) if isinstance(target, int) else port_name_problems(target)
    return [
        *validate_port_name(port.name, path.child("name"), needed=named),
        *(bad(path.child("port"), port.port, p) for p in port_problems(port.port)),
        *validate_protocol(port.protocol, path.child("protocol")),
        *(bad(path.child("targetPort"), target, p) for p in problems),
        *validate_app_protocol(port.appProtocol, path.child("appProtocol")),
    ]


def _validate_affinity(spec: ServiceSpec) -> list[FieldError]:
    path, config = _SPEC.child("sessionAffinityConfig"), spec.sessionAffinityConfig
    errors = validate_enum(spec.sessionAffinity, _SPEC.child("sessionAffinity"), ("ClientIP", "None"))
    if spec.sessionAffinity == "None" and config is not None:
        errors.append(forbidden(path, "must not be set when session affinity is None"))
    if spec.sessionAffinity == "ClientIP" and config is not None and config.clientIP is not None:
        seconds = config.clientIP.timeoutSeconds
        if seconds is not None and not 0 < seconds <= _DAY:
            here = path.child("clientIP", "timeoutSeconds")
            errors.append(bad(here, seconds, f"must be greater than 0 and less than {_DAY}"))
    return errors


def _validate_addresses(spec: ServiceSpec) -> Iterator[FieldError]:
    """Check addresses, and how they fit together (``ValidateServiceClusterIPsRelatedFields``)."""
    path, addresses = _SPEC.child("clusterIPs"), spec.clusterIPs
    if addresses and spec.clusterIP != addresses[0]:
        yield bad(path, addresses, "first value must match `clusterIP`")
    elif spec.clusterIP and not addresses:
        yield required(path)
    if is_headless(spec) and len(addresses) > 1:
        yield bad(path, addresses, "'None' must be the first and only value")
    for number, address in enumerate(addresses):
        if address != HEADLESS:
            for problem in ip_problems(address):
                yield bad(path.at(number), address, problem)
    families = _SPEC.child("ipFamilies")
    for number, family in enumerate(spec.ipFamilies):
        if family not in FAMILIES:
            yield not_supported(families.at(number), family, FAMILIES)
        elif family in spec.ipFamilies[:number]:
            yield duplicate(families.at(number), family)
    policy = spec.ipFamilyPolicy
    if policy is not None and policy not in FAMILY_POLICIES:
        yield not_supported(_SPEC.child("ipFamilyPolicy"), policy, FAMILY_POLICIES)


def _validate_external_ips(spec: ServiceSpec) -> Iterator[FieldError]:
    for number, address in enumerate(spec.externalIPs):
        yield from validate_endpoint_address(address, _SPEC.child("externalIPs").at(number))


def _validate_balancer(spec: ServiceSpec) -> Iterator[FieldError]:
    balanced, path = spec.type == LOAD_BALANCER, _SPEC.child("allocateLoadBalancerNodePorts")
    only = "may only be used when `type` is 'LoadBalancer'"
    if balanced and spec.allocateLoadBalancerNodePorts is None:
        yield required(path)
    elif not balanced and spec.allocateLoadBalancerNodePorts is not None:
        yield forbidden(path, only)
    name, here = spec.loadBalancerClass, _SPEC.child("loadBalancerClass")
    if name is not None and not balanced:
        yield forbidden(here, only)
    elif name is not None:
        for problem in qualified_name_problems(name):
            yield bad(here, name, problem)
    ranges = _SPEC.child("loadBalancerSourceRanges")
    if spec.loadBalancerSourceRanges and not balanced:
        yield forbidden(ranges, only)
    for number, text in enumerate(spec.loadBalancerSourceRanges):
        if not _is_network(text.strip()):
            yield bad(
                ranges.at(number), text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            )


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def _validate_policies(spec: ServiceSpec) -> Iterator[FieldError]:
    path, policy = _SPEC.child("externalTrafficPolicy"), spec.externalTrafficPolicy
    if not from_outside(spec):
        if policy:
            yield bad(path, policy, "may only be set for externally-accessible services")
    else:
        yield from validate_enum(policy, path, POLICIES)
    if spec.healthCheckNodePort and not needs_health_check(spec):
        why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield bad(_SPEC.child("healthCheckNodePort"), spec.healthCheckNodePort, why)
    inside, here = spec.internalTrafficPolicy, _SPEC.child("internalTrafficPolicy")
    if inside is None and spec.type in {CLUSTER_IP, NODE_PORT, LOAD_BALANCER}:
        yield required(here)
    elif inside is not None and inside not in POLICIES:
        yield not_supported(here, inside, POLICIES)
    wish = spec.trafficDistribution
    if wish is not None and wish not in DISTRIBUTIONS:
        yield not_supported(_SPEC.child("trafficDistribution"), wish, DISTRIBUTIONS)
