"""What the certificates of a cluster are about: who they are for, and what can be wrong with them."""

from __future__ import annotations

from dataclasses import dataclass

from edgeorch.errors import UserError

ADMIN = "kubernetes-admin"
MASTERS = "system:masters"
NODES = "system:nodes"
MQTT_SERVER = "system:edgeorch-server"
"""Common name with which the server itself connects to the broker; RFC 1123 allows no node to be called so."""


class PkiError(UserError):
    """A key, certificate or request that cannot be read, or does not say what it should."""


class MixedPairError(PkiError):
    """A key that is not the certificate's."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Pair(certificate, key)"


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a client certificate is for."""

    name: str
    groups: tuple[str, ...] = ()


def node_subject(node: str) -> Subject:
    """Who an agent is."""
    return Subject(node, (NODES,))
