"""Join tokens: one word that lets a new board in, and lets the board know the right cluster.

``ID.SECRET.FINGERPRINT``: the first two parts are a Kubernetes bootstrap token (kept as a Secret of type
``bootstrap.kubernetes.io/token`` in kube-system, so that any client can make, list and revoke them), the third
pins the cluster's CA by the SHA-256 of its public key.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
import secrets
from dataclasses import dataclass
from typing import Any, Self

from edgeorch.api.meta import format_time
from edgeorch.errors import UserError

NAMESPACE = "kube-system"
SECRET_TYPE = "bootstrap.kubernetes.io/token"  # noqa: S105 (a type's name)
SECRET_PREFIX = "bootstrap-token-"  # noqa: S105 (a name's beginning)
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
ID_LENGTH = 6
SECRET_LENGTH = 16
"""Kubernetes, "Authenticating with Bootstrap Tokens": ``[a-z0-9]{6}.[a-z0-9]{16}``."""
_FORM = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})\.([0-9a-f]{64})")


class TokenError(UserError):
    """The word is no join token."""


@dataclass(frozen=True, slots=True)
class JoinToken:
    """One token, in its parts."""

    id: str
    secret: str
    fingerprint: str
    """Of the cluster's CA, ``sha256:HEX``."""

    @classmethod
    def create(cls, fingerprint: str) -> Self:
        """Make a new one."""
        return cls(_random(ID_LENGTH), _random(SECRET_LENGTH), fingerprint)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one; raises :class:`TokenError`."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise TokenError("this is no join token: paste the whole word that `edgeorch token create` printed")
        return cls(found[1], found[2], f"sha256:{found[3]}")

    def __str__(self) -> str:
        return f"{self.id}.{self.secret}.{self.fingerprint.removeprefix('sha256:')}"

    def __repr__(self) -> str:
        return f"JoinToken({self.id})"  # the secret stays out of logs

    @property
    def bearer(self) -> str:
        """What proves the right to join."""
        return f"{self.id}.{self.secret}"

    def manifest(self, expires: dt.datetime, description: str) -> dict[str, Any]:
        """Give the Secret that makes the token valid."""
        data = {
            "token-id": self.id,
            "token-secret": self.secret,
            "expiration": format_time(expires),
            "usage-bootstrap-authentication": "true",
            "description": description,
        }
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET_PREFIX + self.id, "namespace": NAMESPACE},
            "type": SECRET_TYPE,
            "data": {name: base64.b64encode(value.encode()).decode() for name, value in data.items()},
        }


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
