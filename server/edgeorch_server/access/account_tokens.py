"""What the tokens of ServiceAccounts say: claims, and how they are checked against the clock.

Follows ``pkg/serviceaccount/claims.go`` and, for the tokens in Secrets, ``legacy.go``.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgeorch_server.access.jwt import Claims, SigningKey, TokenError
from edgeorch_server.access.policy import service_account_user

ISSUER = "https://kubernetes.default.svc.cluster.local"
"""Who the tokens are from, and whom they are for unless somebody says otherwise: the API server."""
LEGACY_ISSUER = "kubernetes/serviceaccount"
"""Who the tokens in Secrets are from; they are good for as long as the Secret is there."""

LEEWAY = dt.timedelta(minutes=1)
"""How much clocks may differ."""

_PRIVATE = "kubernetes.io"
_LEGACY = "kubernetes.io/serviceaccount/"


@dataclass(frozen=True, slots=True)
class Named:
    """An object that a token speaks of."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount and the objects its token is bound to."""

    namespace: str
    account: Named
    pod: Named | None = None
    node: Named | None = None
    secret: Named | None = None

    @property
    def user(self) -> str:
        """Who it is to the API."""
        return service_account_user(self.namespace, self.account.name)


@dataclass(frozen=True, slots=True)
class Token:
    """A verified token of a ServiceAccount."""

    account: Account
    audiences: tuple[str, ...]
    """Whom it is for; empty for the API server."""
    token_id: str = ""
    not_before: float = 0
    expires: float | None = None
    """Seconds since the epoch; None for a token in a Secret, which lasts as long as that."""

    @property
    def is_legacy(self) -> bool:
        """Whether it is one that stands in a Secret."""
        return self.expires is None


def new_token(
    key: SigningKey, account: Account, audiences: Sequence[str], now: dt.datetime, lifetime: dt.timedelta
) -> str:
    """Sign a token that expires."""
    bound = {"pod": account.pod, "node": account.node, "secret": account.secret}
    private: dict[str, Any] = {
        "namespace": account.namespace,
        "serviceaccount": _told(account.account),
        **{kind: _told(obj) for kind, obj in bound.items() if obj},
    }
    seconds = int(now.timestamp())
    return key.sign(
        {
            "aud": list(audiences),
            "exp": seconds + int(lifetime.total_seconds()),
            "iat": seconds,
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            _PRIVATE: private,
            "nbf": seconds,
            "sub": account.user,
        }
    )


def new_secret_token(key: SigningKey, account: Account, secret: str) -> str:
    """Sign the token that stands in a Secret: always the same one for the same Secret's name."""
    return key.sign(
        {
            "iss": LEGACY_ISSUER,
            f"{_LEGACY}namespace": account.namespace,
            f"{_LEGACY}secret.name": secret,
            f"{_LEGACY}service-account.name": account.account.name,
            f"{_LEGACY}service-account.uid": account.account.uid,
            "sub": account.user,
        }
    )


def read_claims(claims: Claims) -> Token:
    """Understand verified claims; raises TokenError for those that are of no ServiceAccount."""
    match claims.get("iss"):
        case str(issuer) if issuer == ISSUER:
            token = _bound(claims)
        case str(issuer) if issuer == LEGACY_ISSUER:
            token = _legacy(claims)
        case _:
            raise TokenError("the token's issuer is not this cluster")
    if claims.get("sub") != token.account.user:
        raise TokenError("the token's subject is not the ServiceAccount it names")
    return token


def _bound(claims: Claims) -> Token:
    private, audiences, expires = claims.get(_PRIVATE), claims.get("aud"), claims.get("exp")
    if not isinstance(private, dict) or not isinstance(audiences, list) or not isinstance(expires, int):
        raise TokenError("the token lacks what a token of a ServiceAccount says")
    account, namespace = _read(private.get("serviceaccount")), private.get("namespace")
    if account is None or not isinstance(namespace, str):
        raise TokenError("the token names no ServiceAccount")
    begins = claims.get("nbf")
    return Token(
        Account(
            namespace,
            account,
            pod=_read(private.get("pod")),
            node=_read(private.get("node")),
            secret=_read(private.get("secret")),
        ),
        tuple(str(audience) for audience in audiences),
        token_id=str(claims.get("jti") or ""),
        not_before=begins if isinstance(begins, int) else 0,
        expires=expires,
    )


def _legacy(claims: Claims) -> Token:
    def said(name: str) -> str:
        return str(claims.get(_LEGACY + name) or "")

    account = Named(said("service-account.name"), said("service-account.uid"))
    secret = Named(said("secret.name"), "")
    if not (account.name and account.uid and secret.name and said("namespace")):
        raise TokenError("the token names no ServiceAccount")
    return Token(Account(said("namespace"), account, secret=secret), audiences=())


def check_time(token: Token, now: dt.datetime) -> None:
    """Compare with the clock; raises TokenError."""
    if token.expires is not None and (now - LEEWAY).timestamp() > token.expires:
        raise TokenError("service account token has expired")
    if (now + LEEWAY).timestamp() < token.not_before:
        raise TokenError("service account token is not valid yet")


def check_audience(token: Token, wanted: Sequence[str]) -> None:
    """Compare with whom it has to be for, by default the API server; raises TokenError."""
    wanted, said = tuple(wanted) or (ISSUER,), token.audiences or (ISSUER,)
    if not set(said) & set(wanted):
        raise TokenError(f"token audiences {list(said)} is invalid for the target audiences {list(wanted)}")


def _told(obj: Named) -> dict[str, str]:
    return {"name": obj.name, "uid": obj.uid}


def _read(value: object) -> Named | None:
    match value:
        case {"name": str(name), "uid": str(uid)} if name and uid:
            return Named(name, uid)
        case _:
            return None
