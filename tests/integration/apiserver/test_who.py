"""Who gets in, over real TLS."""

from __future__ import annotations

import ssl

import httpx
import pytest

from edgeorch.pki import PkiFolder, Subject
from tests.fakes.api_server import ADMIN_TOKEN, EXPIRED_TOKEN, Cluster, wall_clock

PODS = "/api/v1/namespaces/default/pods"


@pytest.mark.parametrize(
    ("who", "token", "code"),
    [
        ("admin", "", 200),
        (None, ADMIN_TOKEN, 200),
        (None, "", 401),
        (None, "wrong", 401),
        (None, EXPIRED_TOKEN, 401),
        ("jane", "", 403),
        ("node", "", 403),
        ("jane", ADMIN_TOKEN, 403),
    ],
    ids=[
        *("admin", "admin's token", "nobody", "wrong token", "expired token"),
        *("somebody", "a node", "somebody with the admin's token"),
    ],
)
async def test_certificate_or_token(cluster: Cluster, who: str | None, token: str, code: int) -> None:
    """Known and allowed, known and not allowed, unknown."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with cluster.client(who) as client:
        answer = await client.get(PODS, headers=headers)
    assert answer.status_code == code
    if code != 200:
        assert answer.json()["reason"] == {401: "Unauthorized", 403: "Forbidden"}[code]


async def test_a_refusal_names_who_and_what(cluster: Cluster) -> None:
    """In Kubernetes' sentence."""
    async with cluster.client("jane") as client:
        answer = await client.delete(f"{PODS}/p")
    assert answer.json()["message"] == (
        'pods "p" is forbidden: User "jane" cannot delete resource "pods" in API group "" in the namespace "default"'
    )


@pytest.mark.parametrize("path", ["/version", "/healthz", "/livez", "/readyz", "/version/"])
async def test_strangers_may_ask_for_version_and_health(cluster: Cluster, path: str) -> None:
    """And for nothing else (role ``system:public-info-viewer``)."""
    async with cluster.client(None) as client:
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/api", "/apis", "/api/v1", "/openapi/v3", "/nowhere", "/metrics", "/openid/v1/jwks"]
)
async def test_strangers_learn_nothing_else(cluster: Cluster, path: str) -> None:
    """Not even whether a path exists."""
    async with cluster.client(None) as client:
        assert (await client.get(path)).status_code == 401


async def test_strangers_may_not_ask_for_single_checks(cluster: Cluster) -> None:
    """Kubernetes shows them to those who have been given ``system:monitoring``."""
    async with cluster.client(None) as client:
        answer = await client.get("/livez/ping")
    assert (answer.status_code, answer.json()["message"]) == (
        403,
        'forbidden: User "system:anonymous" cannot get path "/livez/ping"',
    )


@pytest.mark.parametrize("path", ["/api", "/apis", "/api/v1", "/openapi/v3", "/openapi/v2"])
async def test_everyone_we_know_may_discover(cluster: Cluster, path: str) -> None:
    """Whoever is allowed nothing yet still sees what there is (role ``system:discovery``)."""
    async with cluster.client("jane") as client:
        assert (await client.get(path)).status_code == 200


async def test_a_strangers_certificate_does_not_get_in(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One that names an admin but was signed by another CA breaks off the handshake."""
    other = PkiFolder(tmp_path_factory.mktemp("other"), wall_clock)
    other.ensure_client("admin", Subject("kubernetes-admin", ("system:masters",)))
    context = cluster.tls(None)
    context.load_cert_chain(other.certificate("admin"), other.key("admin"))
    async with httpx.AsyncClient(base_url=cluster.url, verify=context) as client:
        with pytest.raises((httpx.TransportError, ssl.SSLError)):
            await client.get(PODS)


async def test_a_body_is_not_read_for_strangers(cluster: Cluster) -> None:
    """They are refused before anything they send is decoded."""
    async with cluster.client(None) as client:
        answer = await client.post(PODS, content=b"{" * 1000, headers={"content-type": "application/json"})
    assert answer.status_code == 401
