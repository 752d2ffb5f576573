"""Which address of this board the others should use."""

from __future__ import annotations

import ipaddress

from edgeorch.addresses import address_towards, outgoing_address


def node_address(host: str, port: int) -> str:
    """Give the address that others reach this board at.

    The one on the way to the broker; where the broker is on this very box, the one of the default route.
    """
    address = address_towards(host, port)
    if address and ipaddress.ip_address(address).is_loopback:
        return outgoing_address() or address
    return address
