"""Authentication: from a connection and its headers to a :class:`User`.

An authenticator answers None for "not my kind of credentials", and raises
:class:`edgeorch.errors.Unauthorized` for credentials of its kind that are wrong or have expired, so that a bad
token is not silently treated as no token.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from edgeorch.errors import Unauthorized
from edgeorch_server.access.attributes import AUTHENTICATED
from edgeorch_server.registry.base import User


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The subject of a client certificate that TLS has verified against our CA."""

    common_name: str
    organizations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings to say who asks."""

    certificate: ClientCertificate | None = None
    bearer_token: str = field(default="", repr=False)
    audiences: tuple[str, ...] = ()
    """Whom a token has to be for, one of them; empty is the API server."""


class Authenticator(Protocol):
    """Finds the user behind credentials."""

    async def authenticate(self, credentials: Credentials) -> User | None:
        """Give the user; None when there is nothing to go by; raises Unauthorized when it is wrong."""
        ...


class CertificateAuthenticator:
    """Kubernetes' x509 authenticator: the common name is the user, the organisations are the groups."""

    async def authenticate(self, credentials: Credentials) -> User | None:
        """Take the verified certificate at its word."""
        certificate = credentials.certificate
        if certificate is None or not certificate.common_name:
            return None
        return User(certificate.common_name, certificate.organizations)


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A bearer token we know in advance, kept as its SHA-256 so that no memory dump gives it away."""

    digest: bytes
    user: User
    expires: float | None = None
    """Seconds since the epoch; None never expires."""

    @classmethod
    def of(cls, token: str, user: User, expires: float | None = None) -> StaticToken:
        """Make one from the token itself."""
        return cls(_digest(token), user, expires)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class TokenAuthenticator:
    """Bearer tokens from a fixed list; ``now`` gives seconds since the epoch."""

    def __init__(self, tokens: Sequence[StaticToken], now: Callable[[], float]) -> None:
        self._tokens = tuple(tokens)
        self._now = now

    async def authenticate(self, credentials: Credentials) -> User | None:
        """Compare in constant time with every token; they are for the API server and nobody else."""
        if not credentials.bearer_token or credentials.audiences:
            return None
        digest = _digest(credentials.bearer_token)
        found = [token for token in self._tokens if hmac.compare_digest(token.digest, digest)]
        if not found:
            return None
        token = found[0]
        if token.expires is not None and token.expires <= self._now():
            raise Unauthorized("Unauthorized")
        return token.user


class ChainedAuthenticator:
    """Asks one after another; a bearer token that nobody knows is refused, not ignored."""

    def __init__(self, *links: Authenticator) -> None:
        self._links = links

    async def authenticate(self, credentials: Credentials) -> User | None:
        """Give the first answer, with ``system:authenticated`` among the groups."""
        for link in self._links:
            user = await link.authenticate(credentials)
            if user is not None:
                return replace(user, groups=tuple(dict.fromkeys((*user.groups, AUTHENTICATED))))
        if credentials.bearer_token:
            raise Unauthorized("Unauthorized")
        return None


def bearer_token(headers: Mapping[str, str]) -> str:
    """Take the token out of an ``Authorization: Bearer`` header; empty when there is none."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
