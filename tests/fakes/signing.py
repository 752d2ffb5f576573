"""Certificate signing requests for tests."""

from __future__ import annotations

import base64
from typing import Any

from edgeorch.pki import Subject, create_request, new_key


def signing_request(
    name: str, user: str, *groups: str, key: bytes | None = None, **spec: Any
) -> dict[str, Any]:
    """Write the body of a request for a client certificate, as `kubectl apply` sends it."""
    pem = create_request(key or new_key(), Subject(user, groups))
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {
            "request": base64.b64encode(pem).decode(),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth", "digital signature"],
            **spec,
        },
    }
