"""Which of this box's addresses others can use."""

from __future__ import annotations

import socket

_ELSEWHERE = ("192.0.2.1", 9)
"""An address of nobody (RFC 5737): the way there is the default route."""


def address_towards(host: str, port: int) -> str:
    """Give our address on the way to ``host``, or an empty string without a route.

    Connecting a datagram socket sends nothing; it only makes the kernel choose a route. The answer is asked
    for again each time, because DHCP may have given the box another address.
    """
    try:
        families = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError:
        return ""
    for family, kind, protocol, _, where in families:
        with socket.socket(family, kind, protocol) as probe:
            try:
                probe.connect(where)
            except OSError:
                continue
            return str(probe.getsockname()[0])
    return ""


def outgoing_address() -> str:
    """Give our address on the default route, or an empty string without one."""
    return address_towards(*_ELSEWHERE)
