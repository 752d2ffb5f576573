"""Tokens of ServiceAccounts over real HTTPS: good ones, old ones, forged ones, and acting as somebody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import httpx
import pytest

from edgeorch.pki import PkiFolder, new_key
from edgeorch_server.access.account_tokens import ISSUER, Account, Named, new_token
from edgeorch_server.access.jwt import SigningKey
from tests.fakes.api_server import Cluster, running_cluster, wall_clock

WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


class Clock:
    def __init__(self) -> None:
        self.ahead = dt.timedelta(0)

    def __call__(self) -> dt.datetime:
        return wall_clock() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def cluster(pki: PkiFolder, clock: Clock) -> AsyncIterator[Cluster]:
    async with running_cluster(pki, clock=clock) as cluster:
        yield cluster


async def get_token(admin: httpx.AsyncClient, **spec: object) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    answer = await admin.post(f"{ACCOUNTS}/default/token", json=body)
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["status"]["token"]
    return token


async def code_of(cluster: Cluster, token: str) -> int:
    async with cluster.client(None) as client:
        answer = await client.post(WHO, json=REVIEW, headers={"authorization": f"Bearer {token}"})
    return answer.status_code


async def test_a_good_token(cluster: Cluster, admin: httpx.AsyncClient) -> None:
    """Its owner is the ServiceAccount, with its groups."""
    token = await get_token(admin)
    async with cluster.client(None) as client:
        answer = await client.post(WHO, json=REVIEW, headers={"authorization": f"Bearer {token}"})
    info = answer.json()["status"]["userInfo"]
    assert info["username"] == "system:serviceaccount:default:default"
    assert info["groups"] == [
        "system:serviceaccounts",
        "system:serviceaccounts:default",
        "system:authenticated",
    ]
    assert list(info["extra"]) == ["authentication.kubernetes.io/credential-id"]


@pytest.mark.parametrize(
    ("ahead", "code"),
    [
        (dt.timedelta(minutes=59), 201),
        (dt.timedelta(minutes=62), 401),
        (dt.timedelta(days=365), 401),
        (dt.timedelta(days=-365), 401),
    ],
    ids=["an hour", "more than an hour", "a year ahead", "a year behind"],
)
async def test_the_clock(
    cluster: Cluster, admin: httpx.AsyncClient, clock: Clock, ahead: dt.timedelta, code: int
) -> None:
    """A token that was good is looked at anew each time, and good again when the clock is right again."""
    token = await get_token(admin)
    assert await code_of(cluster, token) == 201
    clock.ahead = ahead
    assert await code_of(cluster, token) == code
    clock.ahead = dt.timedelta(0)
    assert await code_of(cluster, token) == 201


async def test_a_deleted_account(cluster: Cluster, admin: httpx.AsyncClient) -> None:
    """A new one of the same name is somebody else."""
    token = await get_token(admin)
    await admin.delete(f"{ACCOUNTS}/default")
    assert await code_of(cluster, token) == 401
    await admin.post(ACCOUNTS, json={"metadata": {"name": "default"}})
    assert await code_of(cluster, token) == 401


async def test_forged_tokens(cluster: Cluster, admin: httpx.AsyncClient) -> None:
    """Another key, another audience, rubbish."""
    uid = (await admin.get(f"{ACCOUNTS}/default")).json()["metadata"]["uid"]
    account = Account("default", Named("default", uid))
    forged = new_token(SigningKey.from_pem(new_key()), account, [ISSUER], wall_clock(), dt.timedelta(hours=1))
    assert await code_of(cluster, forged) == 401
    assert await code_of(cluster, await get_token(admin, audiences=["vault"])) == 401
    good = await get_token(admin)
    assert await code_of(cluster, good[:-4] + "AAAA") == 401
    assert await code_of(cluster, "a.b.c") == 401


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ({"expirationSeconds": 1}, 422, "may not specify a duration less than 10 minutes"),
        ({"expirationSeconds": 2**33}, 422, "may not specify a duration larger than 2^32 seconds"),
        (
            {"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "gone"}},
            404,
            'pods "gone" not found',
        ),
        (
            {"boundObjectRef": {"apiVersion": "v1", "kind": "Service", "name": "web"}},
            400,
            "cannot bind token to object of type",
        ),
    ],
    ids=["short", "long", "no pod", "a service"],
)
async def test_what_cannot_be_asked(
    admin: httpx.AsyncClient, spec: dict[str, object], code: int, message: str
) -> None:
    """In Kubernetes' words."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    answer = await admin.post(f"{ACCOUNTS}/default/token", json=body)
    assert (answer.status_code, message in answer.json()["message"]) == (code, True)


async def test_others_can_check_our_tokens(cluster: Cluster, admin: httpx.AsyncClient) -> None:
    """Where the keys are, and the keys; for ServiceAccounts and admins."""
    found = (await admin.get("/.well-known/openid-configuration")).json()
    assert found["issuer"] == ISSUER
    keys = (await admin.get(found["jwks_uri"].removeprefix(cluster.url))).json()["keys"]
    assert [(key["kty"], key["crv"], key["alg"]) for key in keys] == [("EC", "P-256", "ES256")]
    async with cluster.client("jane") as client:
        assert (await client.get("/openid/v1/jwks")).status_code == 403


@pytest.mark.parametrize(
    ("headers", "code", "name", "groups"),
    [
        ({"impersonate-user": "joe"}, 201, "joe", ["system:authenticated"]),
        (
            {"impersonate-user": "joe", "impersonate-group": "ops", "impersonate-uid": "7"},
            201,
            "joe",
            ["ops", "system:authenticated"],
        ),
        (
            {"impersonate-user": "system:serviceaccount:shop:robot"},
            201,
            "system:serviceaccount:shop:robot",
            ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
        ),
        ({"impersonate-group": "ops"}, 400, "", []),
    ],
    ids=["user", "group and uid", "service account", "group without user"],
)
async def test_acting_as_somebody_else(
    admin: httpx.AsyncClient, headers: dict[str, str], code: int, name: str, groups: list[str]
) -> None:
    """With the groups that they would have."""
    answer = await admin.post(WHO, json=REVIEW, headers=headers)
    assert answer.status_code == code
    if code == 201:
        info = answer.json()["status"]["userInfo"]
        assert (info["username"], info["groups"]) == (name, groups)


async def test_acting_as_somebody_else_takes_a_right(cluster: Cluster) -> None:
    """Which jane has not."""
    async with cluster.client("jane") as client:
        answer = await client.post(WHO, json=REVIEW, headers={"impersonate-user": "joe"})
    assert answer.json()["message"] == (
        'users "joe" is forbidden: User "jane" cannot impersonate resource "users" in API group "" '
        "at the cluster scope"
    )
