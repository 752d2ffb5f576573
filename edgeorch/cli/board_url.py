"""The server's URL as a new board should know it.

The kubeconfig on the server's own box names loopback, which on a board would be the board itself.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from edgeorch.addresses import outgoing_address
from edgeorch.errors import UserError

_PATIENCE = 2.0
"""Seconds."""

Connects = Callable[[str, int], bool]


def connects(host: str, port: int) -> bool:
    """Say whether somebody listens there."""
    try:
        socket.create_connection((host, port), timeout=_PATIENCE).close()
    except OSError:
        return False
    return True


def board_url(server: str, address: Callable[[], str] = outgoing_address, connects: Connects = connects) -> str:
    """Give the URL that boards reach the API at; raises UserError when it listens on this box only."""
    parts = urlsplit(server)
    if not _is_loopback(parts.hostname or ""):
        return server
    port = parts.port or 443
    host = address()
    if not host or not connects(host, port):
        raise UserError(
            f"the server listens on this box only ({server}), and no board could join it: set api_host and "
            "mqtt_host in its settings (`edgeorch config server`)"
        )
    return f"https://{f'[{host}]' if ':' in host else host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
