"""Joining a board: pin the cluster's CA, make a key here, get its certificate, write the agent's files.

Nothing is trusted but the fingerprint inside the token: the CA is fetched over a connection that is not checked
yet and compared with it, and everything after that goes over a checked one.
"""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from edgeorch.config.agent_files import AgentFiles
from edgeorch.config.load import render
from edgeorch.config.settings import AgentSettings
from edgeorch.errors import ApiError, UserError, from_status
from edgeorch.files import PRIVATE, write_file
from edgeorch.join_token import JoinToken
from edgeorch.pki import PkiError, create_request, matches_fingerprint, new_key, node_subject
from edgeorch.tls import cluster_context

DEFAULT_MQTT_PORT = 8883
_TIMEOUT = 30.0


class JoinError(UserError):
    """The board could not join; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What joining came to."""

    node_name: str
    mqtt_url: str
    mqtt_root: str


def default_node_name() -> str:
    """Turn the host's name into a node name (RFC 1123)."""
    return re.sub(r"[^a-z0-9]+", "-", socket.gethostname().lower()).strip("-") or "node"


def join(server: str, token: JoinToken, node: str, data_dir: Path) -> Joined:
    """Join and write key, certificate and CA below ``data_dir``; raises :class:`JoinError`.

    Running it again with the same ``data_dir`` uses the same key, so that a lost answer costs nothing.
    """
    url = _checked_url(server)
    files = AgentFiles(data_dir)
    ca = _fetch_ca(url, token)
    key = _own_key(files)
    try:
        request = create_request(key, node_subject(node))
    except PkiError as exc:
        raise JoinError(f"{node!r} cannot be a node's name: {exc}") from exc
    answer = _ask(url, ca, token, {"nodeName": node, "request": request.decode()})
    try:
        certificate, mqtt = answer["certificate"], answer["mqtt"]
        where = mqtt.get("url") or f"mqtts://{_host(url)}:{mqtt.get('port', DEFAULT_MQTT_PORT)}"
        joined = Joined(node, where, mqtt["root"])
    except (KeyError, TypeError, AttributeError) as exc:
        raise JoinError(f"{url} answered, but not as an edgeorch server of this version does") from exc
    write_file(files.ca, ca.encode())
    write_file(files.certificate, certificate.encode())
    return joined


def write_agent_config(path: Path, settings: AgentSettings) -> None:
    """Write ``agent.toml``, as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, render(settings).encode(), mode=0o640)


def _checked_url(server: str) -> str:
    parts = urlsplit(server if "://" in server else f"https://{server}")
    if parts.scheme != "https" or not parts.hostname:
        raise JoinError(f"the server's address must be https://HOST:PORT, not {server!r}")
    return f"https://{parts.netloc}"


def _host(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def _fetch_ca(url: str, token: JoinToken) -> str:
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    answer = _send(url, unchecked, httpx.Request("GET", f"{url}/edgeorch/v1/ca"))
    try:
        pinned = matches_fingerprint(answer.content, token.fingerprint)
    except PkiError as exc:
        raise JoinError(f"{url} is no edgeorch server") from exc
    if not pinned:
        raise JoinError(
            f"the server at {url} is not the one that made this token (its CA is another): check the address, "
            "and whether somebody listens in between"
        )
    return answer.text


def _own_key(files: AgentFiles) -> bytes:
    if files.key.exists():
        return files.key.read_bytes()
    try:
        files.key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise JoinError(f"cannot write {files.key.parent}: {exc.strerror} (are you root?)") from exc
    key = new_key()
    write_file(files.key, key, mode=PRIVATE)
    return key


def _ask(url: str, ca: str, token: JoinToken, body: dict[str, str]) -> Any:
    headers = {"Authorization": f"Bearer {token.bearer}"}
    request = httpx.Request("POST", f"{url}/edgeorch/v1/join", json=body, headers=headers)
    answer = _send(url, cluster_context(ca), request)
    try:
        content = answer.json()
    except ValueError as exc:
        raise JoinError(f"{url} answered {answer.status_code} and no JSON") from exc
    if answer.is_error:
        error: ApiError = from_status(content)
        raise JoinError(str(error)) from error
    return content


def _send(url: str, tls: ssl.SSLContext, request: httpx.Request) -> httpx.Response:
    try:
        with httpx.Client(verify=tls, timeout=_TIMEOUT, trust_env=False) as client:
            return client.send(request)
    except httpx.HTTPError as exc:
        raise JoinError(f"cannot reach {url}: {exc}") from exc
