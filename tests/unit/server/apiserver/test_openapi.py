"""OpenAPI documents."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.table import default_table
from edgeorch_server.apiserver.openapi import EMPTY_V2, OpenApi, document, group_version_path

TABLE = default_table()


@pytest.fixture
def client() -> httpx.AsyncClient:
    openapi = OpenApi(TABLE)
    routes = [
        Route("/openapi/v2", openapi.v2),
        Route("/openapi/v3", openapi.index),
        Route("/openapi/v3/{path:path}", openapi.group_version),
    ]
    return httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes)), base_url="http://test")


@pytest.mark.parametrize("resource", list(TABLE), ids=lambda r: r.key)
def test_patches_say_what_kubectl_looks_for(resource: ResourceInfo[Object]) -> None:
    """PATCH carries the kind, the fieldValidation parameter and the patch types it takes."""
    paths = document(TABLE, resource.group, resource.version)["paths"]
    path = next(p for p in paths if p.endswith(f"/{resource.plural}/{{name}}"))
    patch = paths[path]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {
        "group": resource.group,
        "version": resource.version,
        "kind": resource.kind,
    }
    assert "fieldValidation" in [parameter["name"] for parameter in patch["parameters"]]
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    assert ("{namespace}" in path) is resource.namespaced


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


async def test_an_old_hash_leads_to_the_new_one(client: httpx.AsyncClient) -> None:
    """A stale URL must not be kept for good with today's content."""
    current = (await client.get("/openapi/v3")).json()["paths"]["api/v1"]["serverRelativeURL"]
    stale = await client.get("/openapi/v3/api/v1?hash=OLD")
    assert (stale.status_code, stale.headers["location"]) == (301, current)
    bare = await client.get("/openapi/v3/api/v1")
    assert bare.status_code == 200
    assert "immutable" not in bare.headers["cache-control"]


async def test_v2_is_an_empty_document_in_protobuf(client: httpx.AsyncClient) -> None:
    """Old kubectls, up to 1.28, need a valid gnostic document, and nothing in it."""
    answer = await client.get("/openapi/v2")
    assert answer.content == EMPTY_V2
    assert len(EMPTY_V2) == 32
    assert answer.headers["content-type"] == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
