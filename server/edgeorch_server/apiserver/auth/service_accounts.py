"""Authentication by tokens of ServiceAccounts (``pkg/serviceaccount/claims.go``, ``legacy.go``).

A token is good as long as its signature, its time and its audience are, and the ServiceAccount and whatever
else it is bound to are still the very objects it was made for.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable

from edgeorch.api.core.config import Secret
from edgeorch.api.core.resources import NODES, PODS, SECRETS, SERVICE_ACCOUNTS
from edgeorch.api.meta import Object, parse_time
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import NotFound, Unauthorized
from edgeorch_server.access.account_tokens import (
    ISSUER,
    LEEWAY,
    LEGACY_ISSUER,
    Named,
    Token,
    check_audience,
    check_time,
    read_claims,
)
from edgeorch_server.access.jwt import Malformed, SigningKey, TokenError, unverified_claims
from edgeorch_server.apiserver.auth.authentication import Credentials
from edgeorch_server.registry.base import Entries, User
from edgeorch_server.registry.codec import is_marked
from edgeorch_server.store.base import Entry

MAX_KNOWN = 1024
"""Tokens whose signature need not be checked again; when there are more, all are forgotten."""

_EXTRA = "authentication.kubernetes.io/"


class ServiceAccountAuthenticator:
    """Implements :class:`~edgeorch_server.apiserver.auth.authentication.Authenticator`; ``now`` is aware."""

    def __init__(self, objects: Entries, key: SigningKey, now: Callable[[], dt.datetime]) -> None:
        self._objects = objects
        self._key = key
        self._now = now
        self._known: dict[bytes, Token] = {}

    async def authenticate(self, credentials: Credentials) -> User | None:
        """Give the ServiceAccount's user; raises Unauthorized, caused by what is wrong with the token."""
        text = credentials.bearer_token
        if not text:
            return None
        digest = hashlib.sha256(text.encode()).digest()
        if digest not in self._known and not _is_ours(text):
            return None
        try:
            token = self._known.get(digest) or self._verified(digest, text)
            check_time(token, self._now())
            check_audience(token, credentials.audiences)
            self._check_objects(token, text)
        except TokenError as exc:
            raise Unauthorized("Unauthorized") from exc
        return _user(token)

    def _verified(self, digest: bytes, text: str) -> Token:
        """Check the signature, which is the costly part, once per token."""
        token = read_claims(self._key.verify(text))
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[digest] = token
        return token

    def _check_objects(self, token: Token, text: str) -> None:
        account = token.account
        self._check(SERVICE_ACCOUNTS, account.namespace, account.account)
        if token.is_legacy:
            self._check_secret(token, text)
            return
        if account.pod:
            self._check(PODS, account.namespace, account.pod)
        elif account.node:
            # a pod's node is only told of; a token of its own is bound to it
            self._check(NODES, "", account.node)
        if account.secret:
            self._check(SECRETS, account.namespace, account.secret)

    def _check(self, resource: ResourceInfo[Object], namespace: str, bound: Named) -> None:
        """Find the object a token was made for; one that is going counts until its grace is over."""
        entry = self._find(resource, namespace, bound.name)
        if entry.uid != bound.uid:
            raise TokenError(f"the {resource.singular} UID ({entry.uid}) does not match claim ({bound.uid})")
        if _goes(entry):
            ends = resource.model.from_json(entry.data).metadata.deletionTimestamp
            if ends and self._now() > parse_time(ends) + LEEWAY:
                raise TokenError(f"{resource.singular} has been deleted")

    def _check_secret(self, token: Token, text: str) -> None:
        """Compare with what stands in the Secret: a token that was taken out of it is no longer good."""
        assert token.account.secret is not None, "every token in a Secret names it"
        entry = self._find(SECRETS, token.account.namespace, token.account.secret.name)
        try:
            stored = base64.b64decode(Secret.from_json(entry.data).data.get("token", ""), validate=True)
        except (binascii.Error, ValueError):
            stored = b""
        if _goes(entry) or not hmac.compare_digest(stored, text.encode()):
            raise TokenError("service account token has been invalidated")

    def _find(self, resource: ResourceInfo[Object], namespace: str, name: str) -> Entry:
        try:
            return self._objects.get_entry(resource, namespace, name)
        except NotFound as exc:
            raise TokenError(exc.message) from exc


def _goes(entry: Entry) -> bool:
    return b'"deletionTimestamp"' in entry.data and is_marked(entry)


def _is_ours(text: str) -> bool:
    """Whether a token claims to be from here: others are for other authenticators."""
    try:
        return unverified_claims(text).get("iss") in {ISSUER, LEGACY_ISSUER}
    except Malformed:
        return False


def _user(token: Token) -> User:
    account = token.account
    extra = {f"{_EXTRA}credential-id": (f"JTI={token.token_id}",)} if token.token_id else {}
    for kind, obj in (("pod", account.pod), ("node", account.node)):
        if obj:
            extra |= {f"{_EXTRA}{kind}-name": (obj.name,), f"{_EXTRA}{kind}-uid": (obj.uid,)}
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{account.namespace}")
    return User(account.user, groups, account.account.uid, extra)
