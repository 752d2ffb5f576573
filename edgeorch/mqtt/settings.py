"""Where and how to connect to a broker."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from edgeorch.mqtt.messages import MAX_PAYLOAD
from edgeorch.tls import cluster_context

MAX_PACKET = MAX_PAYLOAD + 128 * 1024
"""Bytes of the largest packet we read: a payload, its topic and its properties."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of one side; read again at each connect, so that a renewed certificate takes effect."""

    ca: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Make a client context that trusts the cluster's CA, whatever the broker's address is.

        Raises OSError (ssl.SSLError is one).
        """
        context = cluster_context(self.ca.read_text())
        context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """One client of one broker."""

    host: str
    port: int
    client_id: str
    tls: TlsFiles | None = None
    """``None`` speaks plain TCP."""
    keepalive: int = 30
    """Seconds, at least 1. After 1.5 times as long without a word the broker sends our last will (MQTT5
    3.1.2.10)."""
    connect_timeout: float = 10.0
    """Seconds, each, for TCP, for TLS and for the broker's answer."""
    unacknowledged: float = 20.0
    """Seconds after which bytes that the other host has not acknowledged mean a dead link (TCP_USER_TIMEOUT).
    Without it TCP goes on trying for a quarter of an hour, ever more seldom."""
    in_flight: int = 128
    """Publishes on their way at a time; the broker's receive maximum may lower it (MQTT5 3.2.2.3.3)."""

    def __post_init__(self) -> None:
        if self.keepalive < 1 or self.in_flight < 1:
            raise ValueError("keepalive and in_flight must be at least 1")
