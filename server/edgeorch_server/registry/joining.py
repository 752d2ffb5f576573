"""Lets boards in: checks a join token, reserves the node's name for the board's key, signs its certificate.

A node name belongs to the key that joined with it first. The reservation is the Node object itself (its
annotation holds the key's fingerprint), durable before the certificate is handed out; the same key may ask
again, after a lost reply for instance, and another key is refused until somebody deletes the Node.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from edgeorch.api.core.node import Node
from edgeorch.api.core.resources import NODES, SECRETS
from edgeorch.api.meta import ObjectMeta, parse_time
from edgeorch.errors import AlreadyExists, BadRequest, Conflict, NotFound, Unauthorized
from edgeorch.join_token import NAMESPACE, SECRET_PREFIX, SECRET_TYPE
from edgeorch.pki import Pair, PkiError, node_subject, request_fingerprint, sign_request
from edgeorch_server.registry.base import Client

KEY_ANNOTATION = "edgeorch.io/public-key"
"""Fingerprint of the key that the node's name belongs to."""
REFUSED = "the join token is unknown, revoked or expired: make a new one with `edgeorch token create`"


@dataclass(frozen=True, slots=True)
class Joined:
    """What a board gets."""

    certificate: bytes
    ca: bytes


class Joining:
    """Handles join requests."""

    def __init__(self, client: Client, ca: Pair, now: Callable[[], dt.datetime]) -> None:
        self._client = client
        self._ca = ca
        self._now = now

    async def join(self, bearer: str, node: str, request: bytes) -> Joined:
        """Let a board in.

        Raises Unauthorized (token), Invalid (node name), BadRequest (signing request) or Conflict (the name
        belongs to another key).
        """
        self._check_token(bearer)
        try:
            certificate = sign_request(self._ca, request, node_subject(node), self._now())
            key = request_fingerprint(request)
        except PkiError as exc:
            raise BadRequest(str(exc)) from exc
        await self._reserve(node, key)
        return Joined(certificate, self._ca.certificate)

    def _check_token(self, bearer: str) -> None:
        """Compare with the stored token; every way to be wrong has the same answer."""
        token_id, _, secret = bearer.partition(".")
        try:
            stored = self._client.get(SECRETS, NAMESPACE, SECRET_PREFIX + token_id)
        except NotFound as exc:
            raise Unauthorized(REFUSED) from exc
        data = {name: _decoded(value) for name, value in stored.data.items()}
        valid = (
            stored.type == SECRET_TYPE
            and data.get("usage-bootstrap-authentication") == "true"
            and hmac.compare_digest(data.get("token-secret", "").encode(), secret.encode())
            and bool(secret)
            and not self._expired(data.get("expiration", ""))
        )
        if not valid:
            raise Unauthorized(REFUSED)

    def _expired(self, text: str) -> bool:
        """Kubernetes: a token without expiration is good for ever, one with a damaged time never."""
        if not text:
            return False
        try:
            return self._now() >= parse_time(text)
        except ValueError:
            return True

    async def _reserve(self, name: str, key: str) -> None:
        try:
            annotations = {KEY_ANNOTATION: key}
            await self._client.create(NODES, Node(metadata=ObjectMeta(name=name, annotations=annotations)))
        except AlreadyExists as exc:
            node = self._client.get(NODES, "", name)
            if node.metadata.annotations.get(KEY_ANNOTATION) != key:
                raise Conflict(
                    f'node "{name}" has joined already with another key: join under another name '
                    f"(--node-name), or, if that board is gone, `kubectl delete node {name}` first",
                    kind="nodes",
                    name=name,
                ) from exc


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
