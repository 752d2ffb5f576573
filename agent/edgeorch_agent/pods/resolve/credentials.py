"""Log-ins for registries, from ``imagePullSecrets``."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from edgeorch.api.core.config import Secret
from edgeorch.api.core.pod import Pod
from edgeorch_agent.pods.resolve.inputs import Inputs, secret_bytes
from edgeorch_agent.runtime.base import Credentials

DEFAULT_REGISTRY = "docker.io"
_HUB = {"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"}


def registry_of(image: str) -> str:
    """Give the host of an image reference; short names belong to Docker Hub."""
    host, slash, _ = image.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        return DEFAULT_REGISTRY
    return DEFAULT_REGISTRY if host in _HUB else host


def credentials(pod: Pod, image: str, inputs: Inputs) -> Credentials | None:
    """Find the log-in for an image: the longest matching entry of the first secret that has one.

    Missing and malformed secrets are passed over, as kubelet does: the pull says what is wrong.
    """
    name, registry = _repository(image), registry_of(image)
    for reference in pod.spec.imagePullSecrets:
        secret = inputs.secrets.get(reference.name)
        entries = _entries(secret) if secret else {}
        fitting = [k for k in entries if k in {registry, name} or name.startswith(f"{k}/")]
        if fitting:
            found = _login(entries[max(fitting, key=len)])
            if found is not None:
                return found
    return None


def _repository(image: str) -> str:
    registry = registry_of(image)
    path = image if image.startswith(f"{registry}/") else f"{registry}/{image}"
    return path.partition("@")[0]


def _entries(secret: Secret) -> Mapping[str, Any]:
    data = secret_bytes(secret)
    try:
        if ".dockerconfigjson" in data:
            raw = json.loads(data[".dockerconfigjson"]).get("auths", {})
        else:
            raw = json.loads(data.get(".dockercfg", b"{}"))
        return {_normal(key): value for key, value in raw.items() if isinstance(value, dict)}
    except (ValueError, AttributeError):
        return {}


def _normal(key: str) -> str:
    """``https://index.docker.io/v1/`` means Docker Hub; other keys lose scheme and trailing slash."""
    text = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    host, _, path = text.partition("/")
    path = "" if path in {"v1", "v2"} else path
    host = DEFAULT_REGISTRY if host in _HUB else host
    return f"{host}/{path}" if path else host


def _login(entry: Mapping[str, Any]) -> Credentials | None:
    user, password = entry.get("username"), entry.get("password")
    if isinstance(user, str) and isinstance(password, str) and user:
        return Credentials(user, password)
    try:
        user, colon, password = (
            base64.b64decode(str(entry.get("auth", "")), validate=True).decode().partition(":")
        )
    except (binascii.Error, ValueError):
        return None
    return Credentials(user, password) if colon else None
