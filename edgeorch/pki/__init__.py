"""The cluster's public key infrastructure: one CA, and the certificates it signs.

Functions on PEM bytes (``issuing``, ``reading``), and :class:`PkiFolder`, which keeps them in a folder. Keys
are EC P-256, which a board signs and checks in well under a millisecond. Every certificate is valid from a week
before it is made, because boards without a battery-backed clock wake up in the past.

A client certificate's common name is the user and its organisations are the groups, as in Kubernetes.
"""

from edgeorch.pki.folder import PkiFolder
from edgeorch.pki.issuing import (
    LEAF_LIFETIME,
    create_ca,
    create_client,
    create_request,
    create_server,
    new_key,
    sign_request,
    sign_user_request,
)
from edgeorch.pki.model import ADMIN, MASTERS, MQTT_SERVER, NODES, Pair, PkiError, Subject, node_subject
from edgeorch.pki.reading import (
    RENEW_BEFORE,
    fingerprint,
    hosts_of,
    matches_fingerprint,
    request_fingerprint,
    request_subject,
    subject_of,
)

__all__ = [
    "ADMIN",
    "LEAF_LIFETIME",
    "MASTERS",
    "MQTT_SERVER",
    "NODES",
    "RENEW_BEFORE",
    "Pair",
    "PkiError",
    "PkiFolder",
    "Subject",
    "create_ca",
    "create_client",
    "create_request",
    "create_server",
    "fingerprint",
    "hosts_of",
    "matches_fingerprint",
    "new_key",
    "node_subject",
    "request_fingerprint",
    "request_subject",
    "sign_request",
    "sign_user_request",
    "subject_of",
]
