"""Gives Services what they need of the cluster (``pkg/registry/core/service/storage``).

Kubernetes does this while it stores a Service; here it is the last step of admission, which runs in one piece
with the storing, so that nothing can be given twice. A dry run stores nothing, and so takes nothing.
"""

from __future__ import annotations

from edgeorch.api.core.resources import SERVICES
from edgeorch.api.core.service import EXTERNAL_NAME, HEADLESS, LOAD_BALANCER, NODE_PORT, Service, ServiceSpec
from edgeorch.api.core.service_defaults import (
    drop_foreign,
    is_headless,
    keep_chosen,
    needs_health_check,
    sync_addresses,
    wants_node_ports,
)
from edgeorch.api.names import ip_problems
from edgeorch.api.validation import FieldError, Path, bad
from edgeorch.errors import InternalError
from edgeorch_server.registry import messages
from edgeorch_server.registry.admission.base import Attributes, Lookup
from edgeorch_server.registry.services.allocation import (
    Ranges,
    address_problem,
    choose_address,
    choose_port,
    port_problem,
)
from edgeorch_server.registry.services.families import default_families

_SPEC = Path("spec")


class ServiceAddresses:
    """Chooses cluster IPs and node ports, and refuses those that others have."""

    def __init__(self, objects: Lookup, ranges: Ranges) -> None:
        self._objects = objects
        self._ranges = ranges

    def admit(self, write: Attributes) -> None:
        """Complete a Service that is written; raises Invalid."""
        service, old = write.obj, write.old
        if not isinstance(service, Service) or write.subresource:
            return
        before = old.spec if isinstance(old, Service) else None
        sync_addresses(service.spec, before)
        if before is not None:
            keep_chosen(service.spec, before)
            drop_foreign(service.spec, before)
        errors = default_families(service.spec)
        seed = f"{write.namespace}/{service.metadata.name or service.metadata.generateName}"
        errors += self._address(service.spec, before, seed)
        errors += self._ports(service.spec, before, seed)
        if errors:
            raise messages.invalid(SERVICES, service.metadata.name, errors)

    def _address(self, spec: ServiceSpec, before: ServiceSpec | None, seed: str) -> list[FieldError]:
        if spec.type == EXTERNAL_NAME or is_headless(spec):
            return []
        had = before.clusterIPs if before else []
        if spec.clusterIPs == had != []:
            return []
        taken = {
            address
            for entry in self._objects.entries(SERVICES, None)
            if (address := entry.fields.get("spec.clusterIP", "")) not in {"", HEADLESS}
        } - set(had)
        if not spec.clusterIPs:
            chosen = choose_address(self._ranges, taken, seed)
            if chosen is None:
                raise InternalError(f"failed to allocate a serviceIP: range is full ({self._ranges.addresses})")
            spec.clusterIP, spec.clusterIPs = chosen, [chosen]
            return []
        if any(ip_problems(address) for address in spec.clusterIPs):
            return []  # validation says so
        problem = address_problem(self._ranges, spec.clusterIPs[0], taken)
        return [bad(_SPEC.child("clusterIPs"), spec.clusterIPs, problem)] if problem else []

    def _ports(self, spec: ServiceSpec, before: ServiceSpec | None, seed: str) -> list[FieldError]:
        checks_health = needs_health_check(spec)
        if not wants_node_ports(spec) and not checks_health:
            return []
        own = _node_ports(before) if before else set()
        asked = _node_ports(spec)
        if asked <= own and all(port.nodePort for port in spec.ports) and not checks_health:
            return []
        taken = self._taken_ports() - own
        errors: list[FieldError] = []
        # the same number may serve several protocols of one Service
        for number, port in enumerate(spec.ports):
            if not port.nodePort or not wants_node_ports(spec):
                continue
            problem = "" if port.nodePort in own else port_problem(self._ranges, port.nodePort, taken)
            if problem:
                errors.append(bad(_SPEC.child("ports").at(number).child("nodePort"), port.nodePort, problem))
        given = taken | asked
        for port in spec.ports if wants_node_ports(spec) else ():
            if not port.nodePort:
                port.nodePort = self._choose(given, f"{seed}/{port.protocol}/{port.port}")
                given.add(port.nodePort)
        if checks_health and not spec.healthCheckNodePort:
            spec.healthCheckNodePort = self._choose(given, f"{seed}/health")
        return errors

    def _choose(self, taken: set[int], seed: str) -> int:
        chosen = choose_port(self._ranges, taken, seed)
        if chosen is None:
            raise InternalError("failed to allocate a nodePort: range is full")
        return chosen

    def _taken_ports(self) -> set[int]:
        taken: set[int] = set()
        for entry in self._objects.entries(SERVICES, None):
            if entry.fields.get("spec.type") in {NODE_PORT, LOAD_BALANCER}:
                service = self._objects.find(SERVICES, entry.namespace, entry.name)
                taken |= _node_ports(service.spec) if service else set()
        return taken


def _node_ports(spec: ServiceSpec) -> set[int]:
    """Give those that are chosen; 0 is one still to be chosen."""
    return {*(port.nodePort for port in spec.ports), spec.healthCheckNodePort} - {0}
