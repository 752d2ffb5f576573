"""Validation of nodes."""

from __future__ import annotations

import ipaddress

from edgeorch.api.core.node import Node, NodeAddress
from edgeorch.api.core.validation.resources import validate_resource_quantity
from edgeorch.api.core.validation.scheduling import validate_taints
from edgeorch.api.meta_validation import validate_meta, validate_meta_update
from edgeorch.api.validation import FieldError, Path, bad, duplicate, forbidden

_SPEC = Path("spec")
_STATUS = Path("status")


def validate_node(node: Node) -> list[FieldError]:
    """Check a new node (``ValidateNode``)."""
    return validate_meta(node.metadata, namespaced=False) + _validate_content(node)


def validate_node_update(new: Node, old: Node) -> list[FieldError]:
    """Check a change of a node, its status included (``ValidateNodeUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata) + _validate_content(new)
    if old.spec.podCIDRs and new.spec.podCIDRs != old.spec.podCIDRs:
        why = 'node updates may not change podCIDR except from "" to valid'
        errors.append(forbidden(_SPEC.child("podCIDRs"), why))
    if old.spec.providerID and new.spec.providerID != old.spec.providerID:
        why = 'node updates may not change providerID except from "" to valid'
        errors.append(forbidden(_SPEC.child("providerID"), why))
    return errors


def _validate_content(node: Node) -> list[FieldError]:
    errors = validate_taints(node.spec.taints, _SPEC.child("taints"))
    for number, text in enumerate(node.spec.podCIDRs):
        if not _is_range(text):
            why = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            errors.append(bad(_SPEC.child("podCIDRs").at(number), text, why))
    for name in ("capacity", "allocatable"):
        for resource, amount in getattr(node.status, name).items():
            errors += validate_resource_quantity(resource, amount, _STATUS.child(name).key(resource))
    return errors + _validate_addresses(node.status.addresses)


def _is_range(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def _validate_addresses(addresses: list[NodeAddress]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: list[NodeAddress] = []
    for number, address in enumerate(addresses):
        if address in seen:
            errors.append(duplicate(_STATUS.child("addresses").at(number), address))
        seen.append(address)
    return errors
