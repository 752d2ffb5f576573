"""kubeconfig files."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import yaml

from edgeorch.kubeconfig import kubeconfig, write_kubeconfig
from edgeorch.pki import Pair


def test_says_where_and_who() -> None:
    """The current context leads to the server, its CA and the user's certificate."""
    config = yaml.safe_load(kubeconfig("https://box:6443", b"CA", Pair(b"CERT", b"KEY")))
    context = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
    cluster = next(c["cluster"] for c in config["clusters"] if c["name"] == context["cluster"])
    user = next(u["user"] for u in config["users"] if u["name"] == context["user"])
    assert cluster["server"] == "https://box:6443"
    assert base64.b64decode(cluster["certificate-authority-data"]) == b"CA"
    assert base64.b64decode(user["client-certificate-data"]) == b"CERT"
    assert base64.b64decode(user["client-key-data"]) == b"KEY"


def test_is_written_for_its_owner_only(tmp_path: Path) -> None:
    """It contains a private key."""
    path = tmp_path / "new" / "admin.kubeconfig"
    write_kubeconfig(path, "{}\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
