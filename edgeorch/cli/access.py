"""Which cluster to talk to, and as whom: read from a kubeconfig, the same file kubectl uses."""

from __future__ import annotations

import base64
import binascii
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edgeorch.config.settings import SERVER_DATA
from edgeorch.errors import UserError

SYSTEM_KUBECONFIG = SERVER_DATA / "kubeconfig"
"""Where a server that systemd runs leaves the administrator's kubeconfig, for root to read."""
LOCAL_KUBECONFIG = Path(".edgeorch/kubeconfig")
"""Where ``edgeorch up`` leaves it."""


class AccessError(UserError):
    """No usable kubeconfig; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Access:
    """One cluster and one identity; certificates and keys are PEM."""

    server: str
    """URL of the API."""
    namespace: str = "default"
    ca: bytes = b""
    certificate: bytes = b""
    key: bytes = b""
    token: str = ""

    def ssl_context(self) -> ssl.SSLContext:
        """Build the TLS context: the cluster's CA, and our certificate if we have one."""
        context = ssl.create_default_context(cadata=self.ca.decode() if self.ca else None)
        if self.certificate:
            # The ssl module reads keys from files only; this one exists for as long as it takes.
            with tempfile.NamedTemporaryFile(prefix="edgeorch-", suffix=".pem") as file:
                file.write(self.certificate + b"\n" + self.key)
                file.flush()
                context.load_cert_chain(file.name)
        return context


def find_kubeconfig(flag: Path | None, environ: Mapping[str, str]) -> Path:
    """Choose the file: the flag, ``KUBECONFIG``, ours of ``up`` or of the system, then kubectl's default."""
    if flag is not None:
        return flag
    if environ.get("KUBECONFIG"):
        return Path(environ["KUBECONFIG"].split(":")[0])
    default = Path(environ.get("HOME", "/root")) / ".kube" / "config"
    for candidate in (LOCAL_KUBECONFIG, SYSTEM_KUBECONFIG, default):
        if os.access(candidate, os.R_OK):
            return candidate
    raise AccessError(
        "no kubeconfig found: start a cluster with `edgeorch up`, name a file with --kubeconfig, or, on the "
        "server's own box, run this as root"
    )


def load_access(path: Path) -> Access:
    """Read the current context of a kubeconfig; raises :class:`AccessError`."""
    try:
        config = yaml.safe_load(path.read_text())
    except OSError as exc:
        raise AccessError(f"cannot read the kubeconfig {path}: {exc.strerror}") from exc
    except yaml.YAMLError as exc:
        raise AccessError(f"the kubeconfig {path} is no valid YAML") from exc
    try:
        context = _named(config, "contexts", config["current-context"])["context"]
        cluster = _named(config, "clusters", context["cluster"])["cluster"]
        user = _named(config, "users", context["user"])["user"]
        return Access(
            server=str(cluster["server"]).rstrip("/"),
            namespace=context.get("namespace") or "default",
            ca=_pem(cluster, "certificate-authority", path),
            certificate=_pem(user, "client-certificate", path),
            key=_pem(user, "client-key", path),
            token=user.get("token") or "",
        )
    except (KeyError, TypeError, AttributeError, binascii.Error) as exc:
        raise AccessError(f"the kubeconfig {path} has no usable current context: {exc!r}") from exc


def _named(config: dict[str, Any], section: str, name: str) -> dict[str, Any]:
    return next(entry for entry in config[section] if entry["name"] == name)


def _pem(entry: dict[str, Any], name: str, beside: Path) -> bytes:
    """Read ``NAME-data`` (base64) or the file ``NAME``, relative to the kubeconfig."""
    if entry.get(f"{name}-data"):
        return base64.b64decode(entry[f"{name}-data"], validate=True)
    if entry.get(name):
        try:
            return Path(beside.parent, str(entry[name])).read_bytes()
        except OSError as exc:
            raise AccessError(f"cannot read {entry[name]}: {exc.strerror}") from exc
    return b""
