"""Validation of NetworkPolicies (``ValidateNetworkPolicy``)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from edgeorch.api.core.validation.addresses import PROTOCOLS
from edgeorch.api.meta_validation import validate_label_selector, validate_meta, validate_meta_update
from edgeorch.api.names import port_name_problems, port_problems
from edgeorch.api.networking.network_policy import (
    IPBlock,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicySpec,
)
from edgeorch.api.validation import FieldError, Path, bad, forbidden, not_supported, required

TYPES = ("Egress", "Ingress")
CIDR_RULE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_SPEC = Path("spec")


def validate_network_policy(policy: NetworkPolicy) -> list[FieldError]:
    """Check a new policy."""
    return [*validate_meta(policy.metadata, namespaced=True), *_validate_spec(policy.spec)]


def validate_network_policy_update(new: NetworkPolicy, old: NetworkPolicy) -> list[FieldError]:
    """Check a changed policy (``ValidateNetworkPolicyUpdate``)."""
    return [*validate_meta_update(new.metadata, old.metadata), *_validate_spec(new.spec)]


def _validate_spec(spec: NetworkPolicySpec) -> Iterator[FieldError]:
    yield from validate_label_selector(spec.podSelector, _SPEC.child("podSelector"))
    for number, rule in enumerate(spec.ingress):
        path = _SPEC.child("ingress").at(number)
        yield from _validate_rule(rule.ports, rule.from_, path, "from")
    for number, way_out in enumerate(spec.egress):
        path = _SPEC.child("egress").at(number)
        yield from _validate_rule(way_out.ports, way_out.to, path, "to")
    path = _SPEC.child("policyTypes")
    if len(spec.policyTypes) > len(TYPES):
        yield bad(path, spec.policyTypes, "may not specify more than two policyTypes")
        return
    for number, kind in enumerate(spec.policyTypes):
        if kind not in TYPES:
            yield not_supported(path.at(number), kind, TYPES)


def _validate_rule(
    ports: Sequence[NetworkPolicyPort], peers: Sequence[NetworkPolicyPeer], path: Path, name: str
) -> Iterator[FieldError]:
    for number, port in enumerate(ports):
        yield from _validate_port(port, path.child("ports").at(number))
    for number, peer in enumerate(peers):
        yield from _validate_peer(peer, path.child(name).at(number))


def _validate_port(port: NetworkPolicyPort, path: Path) -> Iterator[FieldError]:
    if port.protocol not in PROTOCOLS:
        yield not_supported(path.child("protocol"), port.protocol, PROTOCOLS)
    number, last = port.port, port.endPort
    if isinstance(number, int):
        for problem in port_problems(number):
            yield bad(path.child("port"), number, problem)
        if last is not None and last < number:
            yield bad(path.child("endPort"), last, "must be greater than or equal to `port`")
        for problem in port_problems(last) if last is not None else ():
            yield bad(path.child("endPort"), last, problem)
    elif isinstance(number, str):
        if last is not None:
            yield bad(path.child("endPort"), last, "may not be specified when `port` is non-numeric")
        for problem in port_name_problems(number):
            yield bad(path.child("port"), number, problem)
    elif last is not None:
        yield bad(path.child("endPort"), last, "may not be specified when `port` is not specified")


def _validate_peer(peer: NetworkPolicyPeer, path: Path) -> Iterator[FieldError]:
    given = [one for one in (peer.podSelector, peer.namespaceSelector, peer.ipBlock) if one is not None]
    yield from validate_label_selector(peer.podSelector, path.child("podSelector"))
    yield from validate_label_selector(peer.namespaceSelector, path.child("namespaceSelector"))
    if peer.ipBlock is not None:
        yield from _validate_block(peer.ipBlock, path.child("ipBlock"))
    if not given:
        yield required(path, "must specify a peer")
    elif peer.ipBlock is not None and len(given) > 1:
        yield forbidden(path, "may not specify both ipBlock and another peer")


def _validate_block(block: IPBlock, path: Path) -> Iterator[FieldError]:
    here = path.child("cidr")
    if not block.cidr:
        yield required(here)
        return
    whole = _network(block.cidr)
    if whole is None:
        yield bad(here, block.cidr, CIDR_RULE)
        return
    for number, text in enumerate(block.except_):
        at, part = path.child("except").at(number), _network(text)
        if part is None:
            yield bad(at, text, CIDR_RULE)
        elif part == whole or not _inside(part, whole):
            yield bad(at, text, "must be a strict subset of `cidr`")


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def _inside(part: Network, whole: Network) -> bool:
    return part.version == whole.version and (
        int(whole.network_address) <= int(part.network_address)
        and int(part.broadcast_address) <= int(whole.broadcast_address)
    )
