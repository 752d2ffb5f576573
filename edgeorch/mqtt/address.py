"""Where a broker is, as settings spell it."""

from __future__ import annotations

from urllib.parse import urlsplit

from edgeorch.errors import UserError

DEFAULT_PORT = 8883
"""IANA's port for MQTT over TLS."""


def broker_address(url: str) -> tuple[str, int]:
    """Read ``mqtts://HOST[:PORT]``; raises UserError."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "mqtts" and parts.hostname:
            return parts.hostname, parts.port or DEFAULT_PORT
    except ValueError:
        pass  # a port that is no number: the same mistake
    raise UserError(f"mqtt_url must be mqtts://HOST:PORT, not {url!r}")
