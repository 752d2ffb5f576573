"""Validation of Endpoints (``ValidateEndpoints``)."""

from __future__ import annotations

from edgeorch.api.core.endpoints import EndpointAddress, EndpointPort, Endpoints, EndpointSubset
from edgeorch.api.core.validation.addresses import (
    validate_app_protocol,
    validate_endpoint_address,
    validate_port_name,
    validate_protocol,
)
from edgeorch.api.meta_validation import validate_meta, validate_meta_update
from edgeorch.api.names import dns_label_problems, dns_subdomain_problems, port_problems
from edgeorch.api.validation import FieldError, Path, bad, required


def validate_endpoints(endpoints: Endpoints) -> list[FieldError]:
    """Check new Endpoints."""
    return validate_meta(endpoints.metadata, namespaced=True) + _validate_subsets(endpoints.subsets)


def validate_endpoints_update(new: Endpoints, old: Endpoints) -> list[FieldError]:
    """Check changed Endpoints (``ValidateEndpointsUpdate``)."""
    return validate_meta_update(new.metadata, old.metadata) + _validate_subsets(new.subsets)


def _validate_subsets(subsets: list[EndpointSubset]) -> list[FieldError]:
    errors: list[FieldError] = []
    for number, subset in enumerate(subsets):
        path = Path("subsets").at(number)
        if not subset.addresses and not subset.notReadyAddresses:
            errors.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
        for name in ("addresses", "notReadyAddresses"):
            for index, address in enumerate(getattr(subset, name)):
                errors += _validate_address(address, path.child(name).at(index))
        for index, port in enumerate(subset.ports):
            errors += _validate_port(port, path.child("ports").at(index), named=len(subset.ports) > 1)
    return errors


def _validate_address(address: EndpointAddress, path: Path) -> list[FieldError]:
    errors = validate_endpoint_address(address.ip, path.child("ip"))
    if address.hostname:
        errors += [
            bad(path.child("hostname"), address.hostname, p) for p in dns_label_problems(address.hostname)
        ]
    if address.nodeName is not None:
        problems = dns_subdomain_problems(address.nodeName)
        errors += [bad(path.child("nodeName"), address.nodeName, p) for p in problems]
    return errors


def _validate_port(port: EndpointPort, path: Path, *, named: bool) -> list[FieldError]:
    return [
        *validate_port_name(port.name, path.child("name"), needed=named),
        *(bad(path.child("port"), port.port, p) for p in port_problems(port.port)),
        *validate_protocol(port.protocol, path.child("protocol")),
        *validate_app_protocol(port.appProtocol, path.child("appProtocol")),
    ]
