"""Which address of this board the others should use."""

from __future__ import annotations

import ipaddress
import socket

ELSEWHERE = ("192.0.2.1", 9)
"""An address of nobody (RFC 5737): the way there is the default route."""


def node_address(host: str, port: int) -> str:
    """Give the address that others reach this board at.

    The one on the way to the broker; where the broker is on this very box, the one of the default route.
    """
    address = address_towards(host, port)
    if address and ipaddress.ip_address(address).is_loopback:
        return address_towards(*ELSEWHERE) or address
    return address


def address_towards(host: str, port: int) -> str:
    """Give our address on the way to ``host``, or an empty string without a route.

    Connecting a datagram socket sends nothing; it only makes the kernel choose a route. The answer is asked
    for again at every connection, because DHCP may have given the board another address.
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
