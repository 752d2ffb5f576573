"""How OpenAPI documents are served."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from edgeorch.api.table import served_table
from edgeorch_server.apiserver.openapi import OpenApi
from edgeorch_server.apiserver.openapi_paths import group_version_path
from edgeorch_server.apiserver.responses import StatusErrors
from tests.fakes.gnostic import decode

TABLE = served_table()
OLD_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"


@pytest.fixture
def client() -> httpx.AsyncClient:
    openapi = OpenApi(TABLE)
    routes = [
        Route("/openapi/v2", openapi.v2),
        Route("/openapi/v3", openapi.index),
        Route("/openapi/v3/{path:path}", openapi.group_version),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(StatusErrors)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_the_index_leads_to_each_document(client: httpx.AsyncClient) -> None:
    """Every group and version has a URL, under which its document may be kept for good."""
    index = await client.get("/openapi/v3")
    assert "no-cache" in index.headers["cache-control"]
    paths = index.json()["paths"]
    assert set(paths) == {group_version_path(*pair) for pair in TABLE.group_versions()}
    for entry in paths.values():
        answer = await client.get(entry["serverRelativeURL"])
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, immutable"
        assert {"etag", "expires", "vary"} <= set(answer.headers)
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.json()["openapi"] == "3.0.0"


async def test_an_old_hash_leads_to_the_new_one(client: httpx.AsyncClient) -> None:
    """A stale URL must not be kept for good with today's content."""
    current = (await client.get("/openapi/v3")).json()["paths"]["api/v1"]["serverRelativeURL"]
    stale = await client.get("/openapi/v3/api/v1?hash=OLD")
    assert (stale.status_code, stale.headers["location"]) == (301, current)
    bare = await client.get("/openapi/v3/api/v1")
    assert bare.status_code == 200
    assert "immutable" not in bare.headers["cache-control"]


async def test_what_is_not_served_is_not_described(client: httpx.AsyncClient) -> None:
    """Another group is 404."""
    assert (await client.get("/openapi/v3/apis/example.com/v1")).status_code == 404


async def test_many_who_come_first_cause_one_making() -> None:
    """A fleet of kubectls after a start costs no more than one."""
    openapi = OpenApi(TABLE)
    first, second = await asyncio.gather(openapi._documents(), openapi._documents())
    assert first is second


async def test_v2_is_json_or_protobuf(client: httpx.AsyncClient) -> None:
    """Tools read JSON; old kubectls fetch protobuf."""
    for accept in ("application/json", "*/*"):
        swagger = await client.get("/openapi/v2", headers={"accept": accept})
        assert (swagger.headers["content-type"], swagger.json()["swagger"]) == ("application/json", "2.0")
    old = await client.get("/openapi/v2", headers={"accept": OLD_PROTOBUF})
    assert decode(old.content)["swagger"] == "2.0"
    assert old.headers["content-type"] == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    assert old.headers["content-encoding"] == "gzip"


async def test_v2_is_fetched_once(client: httpx.AsyncClient) -> None:
    """Before each write an old kubectl only asks whether its document is still the same; JSON is another one."""
    etags = {}
    for accept in ("application/json", OLD_PROTOBUF):
        first = await client.get("/openapi/v2", headers={"accept": accept})
        assert "no-cache" in first.headers["cache-control"]
        etags[accept] = first.headers["etag"]
        again = await client.get("/openapi/v2", headers={"accept": accept, "if-none-match": etags[accept]})
        assert (again.status_code, again.content) == (304, b"")
    assert len(set(etags.values())) == 2


@pytest.mark.parametrize("path", ["/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1"])
async def test_other_media_types_are_not_served(client: httpx.AsyncClient, path: str) -> None:
    """What nobody asked for is not sent instead."""
    refused = await client.get(path, headers={"accept": "text/html"})
    assert (refused.status_code, refused.json()["reason"]) == (406, "NotAcceptable")
