"""Secrets that hold the token of a ServiceAccount."""

from __future__ import annotations

import base64

import pytest

from edgeorch.api.core.config import Secret
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.resources import NAMESPACES, SECRETS, SERVICE_ACCOUNTS
from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.meta import ObjectMeta
from edgeorch.api.table import default_table
from edgeorch.errors import NotFound
from edgeorch.pki import new_key
from edgeorch_server.access.account_tokens import Named, read_claims
from edgeorch_server.access.jwt import SigningKey
from edgeorch_server.controllers.account_token_secrets import AccountTokenSecrets
from edgeorch_server.controllers.runner import Key
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.memory import MemoryStore

KEY = SigningKey.from_pem(new_key())
ONE, ALL = Key("default", "robots"), Key("default", "")


@pytest.fixture
async def registry() -> Registry:
    made = Registry(MemoryStore(), default_table())
    await made.create(NAMESPACES, Namespace(metadata=ObjectMeta(name="default")))
    await made.create(SERVICE_ACCOUNTS, ServiceAccount(metadata=ObjectMeta(name="robot", namespace="default")))
    annotations = {"kubernetes.io/service-account.name": "robot"}
    meta = ObjectMeta(name="robots", namespace="default", annotations=annotations)
    await made.create(SECRETS, Secret(metadata=meta, type="kubernetes.io/service-account-token"))
    return made


@pytest.mark.parametrize("key", [ONE, ALL], ids=["secret", "namespace"])
async def test_it_is_filled(registry: Registry, key: Key) -> None:
    """With token, CA and namespace; twice does no more than once."""
    controller = AccountTokenSecrets(registry, KEY, b"the CA")
    await controller.reconcile(key)
    secret = registry.get(SECRETS, "default", "robots")
    data = {name: base64.b64decode(value) for name, value in secret.data.items()}
    token = read_claims(KEY.verify(data.pop("token").decode()))
    uid = registry.get(SERVICE_ACCOUNTS, "default", "robot").metadata.uid
    assert data == {"ca.crt": b"the CA", "namespace": b"default"}
    assert (token.account.account, token.account.secret) == (Named("robot", uid), Named("robots", ""))
    assert secret.metadata.annotations["kubernetes.io/service-account.uid"] == uid
    before = registry.revision
    await controller.reconcile(key)
    assert registry.revision == before


async def test_it_dies_with_the_account(registry: Registry) -> None:
    """Also when one of the same name has come since."""
    controller = AccountTokenSecrets(registry, KEY, b"the CA")
    await controller.reconcile(ONE)
    await registry.delete(SERVICE_ACCOUNTS, "default", "robot")
    await registry.create(
        SERVICE_ACCOUNTS, ServiceAccount(metadata=ObjectMeta(name="robot", namespace="default"))
    )
    await controller.reconcile(ALL)
    with pytest.raises(NotFound):
        registry.get(SECRETS, "default", "robots")


async def test_a_new_key_makes_a_new_token(registry: Registry) -> None:
    """And so does a token that somebody wrote into it."""
    await AccountTokenSecrets(registry, KEY, b"the CA").reconcile(ONE)
    other = SigningKey.from_pem(new_key())
    await AccountTokenSecrets(registry, other, b"the CA").reconcile(ONE)
    token = base64.b64decode(registry.get(SECRETS, "default", "robots").data["token"]).decode()
    assert other.verify(token)
