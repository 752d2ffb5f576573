"""Fills Secrets of type ``kubernetes.io/service-account-token`` (``pkg/controller/serviceaccount``).

Such a token lasts as long as its Secret, and the Secret no longer than the ServiceAccount it names.
"""

from __future__ import annotations

import base64

from edgeorch.api.core.config import Secret
from edgeorch.api.core.resources import SECRETS, SERVICE_ACCOUNTS
from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.core.validation.config import SERVICE_ACCOUNT_ANNOTATION, SERVICE_ACCOUNT_TOKEN
from edgeorch.api.meta import DeleteOptions, Preconditions
from edgeorch.api.selectors import FieldSelector
from edgeorch.errors import NotFound
from edgeorch_server.access.account_tokens import Account, Named, new_secret_token, read_claims
from edgeorch_server.access.jwt import SigningKey, TokenError
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.registry.base import Client
from edgeorch_server.store.base import Entry

UID_ANNOTATION = "kubernetes.io/service-account.uid"
_OF_TOKENS = f"type={SERVICE_ACCOUNT_TOKEN}"


def token_secret(entry: Entry) -> tuple[Key, ...]:
    """Map a Secret with a token to itself, others to nothing."""
    ours = entry.fields.get("type") == SERVICE_ACCOUNT_TOKEN
    return (Key(entry.namespace, entry.name),) if ours else ()


def namespace_of(entry: Entry) -> tuple[Key, ...]:
    """Map a ServiceAccount to all tokens of its namespace: which are its own stands in the Secrets."""
    return (Key(entry.namespace, ""),)


SOURCES = (Source(SECRETS, token_secret), Source(SERVICE_ACCOUNTS, namespace_of))


class AccountTokenSecrets:
    """Reconciles one Secret, or (no name) those of a namespace; ``ca`` is the cluster's certificate, PEM."""

    def __init__(self, client: Client, key: SigningKey, ca: bytes) -> None:
        self._client = client
        self._key = key
        self._ca = _encoded(ca)

    async def reconcile(self, key: Key) -> Result:
        """Fill in what is missing, or remove what nobody may use any more."""
        if not key.name:
            for secret in self._client.list(SECRETS, key.namespace, fields=FieldSelector.parse(_OF_TOKENS)):
                await self._reconcile(secret)
            return DONE
        try:
            secret = self._client.get(SECRETS, key.namespace, key.name)
        except NotFound:
            return DONE
        if secret.type == SERVICE_ACCOUNT_TOKEN:
            await self._reconcile(secret)
        return DONE

    async def _reconcile(self, secret: Secret) -> None:
        meta = secret.metadata
        if meta.deletionTimestamp:
            return
        account = self._account(secret)
        if account is None:
            delete = DeleteOptions(preconditions=Preconditions(uid=meta.uid))
            await self._client.delete(SECRETS, meta.namespace, meta.name, delete)
            return
        filled = self._filled(secret, account)
        if filled != secret:
            await self._client.update(SECRETS, filled)

    def _account(self, secret: Secret) -> ServiceAccount | None:
        """Find the ServiceAccount a Secret names, the very one if it says so."""
        meta = secret.metadata
        name = meta.annotations.get(SERVICE_ACCOUNT_ANNOTATION, "")
        try:
            account = self._client.get(SERVICE_ACCOUNTS, meta.namespace, name)
        except NotFound:
            return None
        wanted = meta.annotations.get(UID_ANNOTATION)
        return account if wanted in {None, "", account.metadata.uid} else None

    def _filled(self, secret: Secret, account: ServiceAccount) -> Secret:
        meta, uid = secret.metadata, account.metadata.uid
        data = {**secret.data, "ca.crt": self._ca, "namespace": _encoded(meta.namespace.encode())}
        mine = Account(meta.namespace, Named(account.metadata.name, uid))
        if not self._is_good(secret.data.get("token", ""), mine):
            data["token"] = _encoded(new_secret_token(self._key, mine, meta.name).encode())
        annotations = {**meta.annotations, UID_ANNOTATION: uid}
        return secret.model_copy(
            update={"metadata": meta.model_copy(update={"annotations": annotations}), "data": data}
        )

    def _is_good(self, stored: str, account: Account) -> bool:
        """Whether a token is there, signed with the key of today, for this ServiceAccount."""
        try:
            token = read_claims(self._key.verify(base64.b64decode(stored).decode()))
        except (TokenError, ValueError):
            return False
        return (token.account.namespace, token.account.account) == (account.namespace, account.account)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
