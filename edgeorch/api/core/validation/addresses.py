"""What addresses and ports of Services and their endpoints may be."""

from __future__ import annotations

import ipaddress

from edgeorch.api.label_rules import qualified_name_problems
from edgeorch.api.names import dns_label_problems, ip_problems
from edgeorch.api.validation import FieldError, Path, bad, not_supported, required

PROTOCOLS = ("SCTP", "TCP", "UDP")


def validate_protocol(protocol: str, path: Path) -> list[FieldError]:
    """Check that a protocol is set and known."""
    if not protocol:
        return [required(path)]
    return [] if protocol in PROTOCOLS else [not_supported(path, protocol, PROTOCOLS)]


def validate_port_name(name: str | None, path: Path, *, needed: bool) -> list[FieldError]:
    """Check the name of one port; it is ``needed`` where there are several to tell apart."""
    if name:
        return [bad(path, name, problem) for problem in dns_label_problems(name)]
    return [required(path)] if needed else []


def validate_app_protocol(protocol: str | None, path: Path) -> list[FieldError]:
    """Check what a port is said to speak on top of its protocol: a word, or a word in somebody's domain."""
    if protocol is None:
        return []
    return [bad(path, protocol, problem) for problem in qualified_name_problems(protocol)]


def validate_endpoint_address(text: str, path: Path) -> list[FieldError]:
    """Check that something out there can have an address (``ValidateEndpointIP``)."""
    if problems := ip_problems(text):
        return [bad(path, text, problem) for problem in problems]
    address = ipaddress.ip_address(text)
    errors = []
    if address.is_unspecified:
        errors.append(bad(path, text, f"may not be unspecified ({text})"))
    if address.is_loopback:
        errors.append(bad(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if address.is_link_local:
        errors.append(bad(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    if address.is_multicast and (
        isinstance(address, ipaddress.IPv4Address) and address in ipaddress.ip_network("224.0.0.0/24")
    ):
        errors.append(bad(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"))
    return errors
