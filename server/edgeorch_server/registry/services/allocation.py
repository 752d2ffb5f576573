"""Choosing addresses and node ports that no other Service has; a pure decision on what is stored.

There is no bitmap to keep beside the Services, which could come to differ from them: what is taken is read off
the stored Services each time, and nothing is chosen but in the same step that stores it.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from ipaddress import IPv4Network

STATIC_ADDRESSES = 256
"""The first addresses are given last: they are left to those who ask for a certain one (the static band)."""
STATIC_PORTS = 86
"""The same for node ports."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """What there is to give."""

    addresses: IPv4Network = field(default_factory=lambda: IPv4Network("10.43.0.0/16"))
    """The service CIDR."""
    ports: range = range(30_000, 32_768)
    """Node ports."""

    @property
    def first_address(self) -> str:
        """The address of the Service ``kubernetes``."""
        return str(self.addresses[1])


def choose_address(ranges: Ranges, taken: AbstractSet[str], seed: str) -> str | None:
    """Find a free address; None when there is none.

    The search starts at a place that depends on ``seed``: an address that was just given up is not given to
    the next who comes, while others may still know it as the former one's.
    """
    most = ranges.addresses.num_addresses - 1  # neither the first nor the last one, as with any network
    for number in _search(range(1, most), STATIC_ADDRESSES, seed):
        address = str(ranges.addresses[number])
        if address not in taken:
            return address
    return None


def address_problem(ranges: Ranges, address: str, taken: AbstractSet[str]) -> str:
    """Say why an address that was asked for cannot be had; empty when it can."""
    wanted = ipaddress.ip_address(address)
    if wanted not in ranges.addresses or wanted in {ranges.addresses[0], ranges.addresses[-1]}:
        return (
            f"failed to allocate IP {address}: the provided IP ({address}) is not in the valid range. "
            f"The range of valid IPs is {ranges.addresses}"
        )
    return f"failed to allocate IP {address}: provided IP is already allocated" if address in taken else ""


def choose_port(ranges: Ranges, taken: AbstractSet[int], seed: str) -> int | None:
    """Find a free node port; None when there is none. For ``seed`` see :func:`choose_address`."""
    return next((port for port in _search(ranges.ports, STATIC_PORTS, seed) if port not in taken), None)


def port_problem(ranges: Ranges, port: int, taken: AbstractSet[int]) -> str:
    """Say why a node port that was asked for cannot be had; empty when it can."""
    if port not in ranges.ports:
        span = f"{ranges.ports[0]}-{ranges.ports[-1]}"
        return f"provided port is not in the valid range. The range of valid ports is {span}"
    return "provided port is already allocated" if port in taken else ""


def _search(numbers: range, static: int, seed: str) -> list[int] | range:
    """Order numbers: from a place in the upper band around it, and the lower band last."""
    static = min(static, len(numbers) // 2)
    low, high = numbers[:static], numbers[static:]
    start = int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=8).digest()) % len(high) if high else 0
    return [*high[start:], *high[:start], *low]
