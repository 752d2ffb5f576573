"""The names and addresses this box answers to: what the API's certificate is good for."""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from collections.abc import Iterator

SERVICE_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
"""How pods call the API."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SIOCGIFADDR = 0x8915
"""netdevice(7): the IPv4 address of an interface."""


def certificate_hosts(extra: tuple[str, ...]) -> list[str]:
    """Give every name and address clients may use, the box's own name first, without repeats."""
    name = socket.gethostname()
    return list(dict.fromkeys((name, *LOOPBACK, *SERVICE_NAMES, f"{name}.local", *local_addresses(), *extra)))


def local_addresses() -> list[str]:
    """Give the global addresses of all interfaces of this network namespace."""
    return sorted({*_ipv4(), *_ipv6()})


def _ipv4() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
            except OSError:
                continue  # an interface without an IPv4 address
            yield socket.inet_ntoa(answer[20:24])


def _ipv6() -> Iterator[str]:
    """Read /proc/net/if_inet6 (the kernel's own list); link-local addresses name no box to others."""
    try:
        with open("/proc/net/if_inet6", encoding="ascii") as file:  # noqa: PTH123 (a file of /proc)
            lines = file.read().splitlines()
    except OSError:
        return
    for line in lines:
        address = ipaddress.IPv6Address(int(line.split()[0], 16))
        if not address.is_link_local and not address.is_loopback:
            yield str(address)
