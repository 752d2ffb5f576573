"""Defaults and validation of EndpointSlices (``pkg/apis/discovery``)."""

from __future__ import annotations

from edgeorch.api.core.validation.addresses import (
    validate_app_protocol,
    validate_endpoint_address,
    validate_port_name,
    validate_protocol,
)
from edgeorch.api.discovery.endpoint_slice import Endpoint, EndpointPort, EndpointSlice
from edgeorch.api.meta_validation import immutable, validate_meta, validate_meta_update
from edgeorch.api.names import dns_label_problems, dns_subdomain_problems
from edgeorch.api.validation import (
    FieldError,
    Path,
    bad,
    duplicate,
    forbidden,
    not_supported,
    required,
    too_many,
)

ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
MAX_ENDPOINTS = 1_000
MAX_PORTS = 20_000
MAX_ADDRESSES = 100
MAX_HINTS = 8


def default_slice(piece: EndpointSlice) -> None:
    """Name ports with nothing and speak TCP (``SetDefaults_EndpointPort``)."""
    for port in piece.ports:
        port.name = port.name or ""
        port.protocol = port.protocol or "TCP"


def validate_slice(piece: EndpointSlice) -> list[FieldError]:
    """Check a new slice (``ValidateEndpointSlice``)."""
    return validate_meta(piece.metadata, namespaced=True) + _validate_content(piece)


def validate_slice_update(new: EndpointSlice, old: EndpointSlice) -> list[FieldError]:
    """Check a changed slice (``ValidateEndpointSliceUpdate``)."""
    return [
        *validate_meta_update(new.metadata, old.metadata),
        *_validate_content(new),
        *immutable(Path("addressType"), new.addressType, old.addressType),
    ]


def _validate_content(piece: EndpointSlice) -> list[FieldError]:
    path = Path("addressType")
    if not piece.addressType:
        return [required(path)]
    errors: list[FieldError] = []
    if piece.addressType not in ADDRESS_TYPES:
        errors.append(not_supported(path, piece.addressType, ADDRESS_TYPES))
    endpoints, ports = Path("endpoints"), Path("ports")
    if len(piece.endpoints) > MAX_ENDPOINTS:
        return [*errors, too_many(endpoints, len(piece.endpoints), MAX_ENDPOINTS)]
    for number, endpoint in enumerate(piece.endpoints):
        errors += _validate_endpoint(endpoint, piece.addressType, endpoints.at(number))
    if len(piece.ports) > MAX_PORTS:
        return [*errors, too_many(ports, len(piece.ports), MAX_PORTS)]
    names: set[str] = set()
    for number, port in enumerate(piece.ports):
        errors += _validate_port(port, ports.at(number))
        if port.name in names:
            errors.append(duplicate(ports.at(number).child("name"), port.name))
        names.add(port.name or "")
    return errors


def _validate_endpoint(endpoint: Endpoint, kind: str, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    addresses = path.child("addresses")
    if not endpoint.addresses:
        errors.append(required(addresses, "must contain at least 1 address"))
    elif len(endpoint.addresses) > MAX_ADDRESSES:
        errors.append(too_many(addresses, len(endpoint.addresses), MAX_ADDRESSES))
    for number, address in enumerate(endpoint.addresses):
        errors += _validate_address(address, kind, addresses.at(number))
    if endpoint.nodeName is not None:
        errors += [
            bad(path.child("nodeName"), endpoint.nodeName, p) for p in dns_subdomain_problems(endpoint.nodeName)
        ]
    if endpoint.hostname is not None:
        errors += [
            bad(path.child("hostname"), endpoint.hostname, p) for p in dns_label_problems(endpoint.hostname)
        ]
    if endpoint.deprecatedTopology:
        errors.append(forbidden(path.child("deprecatedTopology"), "may not be set unless copied from v1beta1"))
    if endpoint.hints is not None and len(endpoint.hints.forZones) > MAX_HINTS:
        here = path.child("hints", "forZones")
        errors.append(too_many(here, len(endpoint.hints.forZones), MAX_HINTS))
    return errors


def _validate_address(address: str, kind: str, path: Path) -> list[FieldError]:
    if kind == "FQDN":
        return [bad(path, address, problem) for problem in dns_subdomain_problems(address)]
    if kind not in ADDRESS_TYPES:
        return []
    errors = validate_endpoint_address(address, path)
    if not errors and (":" in address) != (kind == "IPv6"):
        errors.append(bad(path, address, f"must be a valid {kind} address"))
    return errors


def _validate_port(port: EndpointPort, path: Path) -> list[FieldError]:
    return [
        *validate_port_name(port.name, path.child("name"), needed=False),
        *validate_protocol(port.protocol or "", path.child("protocol")),
        *validate_app_protocol(port.appProtocol, path.child("appProtocol")),
    ]
