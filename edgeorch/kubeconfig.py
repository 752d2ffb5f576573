"""kubeconfig files: how kubectl and the ``edgeorch`` command find the cluster and say who they are."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from edgeorch.files import PRIVATE, write_file
from edgeorch.pki import Pair

NAME = "edgeorch"


def kubeconfig(
    server: str, ca: bytes, client: Pair, *, user: str = "kubernetes-admin", name: str = NAME
) -> str:
    """Write a kubeconfig with everything embedded; ``server`` is the URL of the API server.

    The text is JSON laid out as YAML readers accept it, so that nothing but the standard library is needed.
    """
    context = f"{user}@{name}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": _base64(ca)}}],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": _base64(client.certificate),
                    "client-key-data": _base64(client.key),
                },
            }
        ],
        "contexts": [{"name": context, "context": {"cluster": name, "user": user}}],
        "current-context": context,
        "preferences": {},
    }
    return json.dumps(config, indent=2) + "\n"


def write_kubeconfig(path: Path, text: str) -> None:
    """Put it where only its owner can read it, for it contains a private key; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text.encode(), mode=PRIVATE)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
