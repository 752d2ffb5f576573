"""Discovery documents."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from edgeorch.api.table import served_table
from edgeorch_server.apiserver import discovery
from edgeorch_server.apiserver.responses import StatusErrors

TABLE = served_table()


def test_every_kind_is_listed_with_its_subresources() -> None:
    """The legacy list of a version holds all its kinds; ``auth can-i`` and ``drain`` read it."""
    listed = discovery.resource_list(TABLE, "", "v1")
    assert listed is not None
    assert listed["groupVersion"] == "v1"
    by_name = {resource["name"]: resource for resource in listed["resources"]}
    assert by_name["pods"] == {
        "name": "pods",
        "singularName": "pod",
        "namespaced": True,
        "kind": "Pod",
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        "shortNames": ["po"],
        "categories": ["all"],
    }
    eviction = by_name["pods/eviction"]
    assert (eviction["kind"], eviction["group"], eviction["version"]) == ("Eviction", "policy", "v1")
    assert by_name["pods/status"]["kind"] == "Pod"
    assert "group" not in by_name["pods/status"]


def test_unserved_versions_are_not_described() -> None:
    """What is not in the table does not exist."""
    assert discovery.resource_list(TABLE, "apps", "v7") is None
    assert discovery.group(TABLE, "example.com") is None
    assert discovery.group(TABLE, "") is None


def test_groups_name_their_preferred_version() -> None:
    """Core is no group; others list their versions."""
    groups = {g["name"]: g for g in discovery.group_list(TABLE)["groups"]}
    assert "" not in groups
    wanted = {"groupVersion": "coordination.k8s.io/v1", "version": "v1"}
    assert groups["coordination.k8s.io"]["preferredVersion"] == wanted
    assert discovery.group(TABLE, "coordination.k8s.io") == {
        "kind": "APIGroup",
        "apiVersion": "v1",
        **groups["coordination.k8s.io"],
    }


def flattened(aggregated: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (item["metadata"].get("name", ""), version["version"], resource["resource"])
        for item in aggregated["items"]
        for version in item["versions"]
        for resource in version["resources"]
    }


def test_the_aggregated_form_says_the_same() -> None:
    """/api and /apis together hold every kind once, and core has no name."""
    core = discovery.aggregated(TABLE, core=True, version="v2")
    others = discovery.aggregated(TABLE, core=False, version="v2")
    assert flattened(core) | flattened(others) == {(i.group, i.version, i.plural) for i in TABLE}
    assert [item["metadata"] for item in core["items"]] == [{}]
    assert core["apiVersion"] == "apidiscovery.k8s.io/v2"


def test_aggregated_subresources_carry_their_kind() -> None:
    """A foreign kind comes with its own group and version."""
    core = discovery.aggregated(TABLE, core=True, version="v2beta1")
    pods = next(r for r in core["items"][0]["versions"][0]["resources"] if r["resource"] == "pods")
    kinds = {sub["subresource"]: sub["responseKind"] for sub in pods["subresources"]}
    assert kinds["eviction"] == {"group": "policy", "version": "v1", "kind": "Eviction"}
    assert kinds["status"] == {"group": "", "version": "v1", "kind": "Pod"}


@pytest.fixture
def client() -> httpx.AsyncClient:
    served = discovery.Discovery(TABLE)
    routes = [
        Route("/api", served.api),
        Route("/api/{version}", served.resources),
        Route("/apis", served.apis),
        Route("/apis/{group}", served.group),
        Route("/apis/{group}/{version}", served.resources),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(StatusErrors)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.mark.parametrize("version", ["v2", "v2beta1"])
async def test_the_content_type_names_the_form(client: httpx.AsyncClient, version: str) -> None:
    """Byte for byte, else kubectl takes the aggregated form for the legacy one and finds nothing."""
    accept = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList,application/json"
    answer = await client.get("/apis", headers={"accept": accept})
    expected = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    assert answer.headers["content-type"] == expected
    assert answer.json()["apiVersion"] == f"apidiscovery.k8s.io/{version}"
    assert (await client.get("/api")).headers["content-type"] == "application/json"


async def test_unchanged_discovery_is_not_sent_again(client: httpx.AsyncClient) -> None:
    """A client that has the document gets 304 and no body."""
    first = await client.get("/apis")
    again = await client.get("/apis", headers={"if-none-match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert json.loads(first.content)["kind"] == "APIGroupList"


AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
LEGACY_PATHS = ["/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1"]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "APIGroupList"),
        ("*/*", "APIGroupList"),
        ("application/vnd.kubernetes.protobuf, */*", "APIGroupList"),
        (f"{AGGREGATED.format('v2')},{AGGREGATED.format('v2beta1')},application/json", "v2"),
        (f"{AGGREGATED.format('v2beta1')},application/json", "v2beta1"),
        (f"{AGGREGATED.format('v3')},{AGGREGATED.format('v2beta1')}", "v2beta1"),
        (f"{AGGREGATED.format('v3')},application/json", "APIGroupList"),
        ("application/json;g=example.com;v=v2;as=APIGroupDiscoveryList,application/json", "APIGroupList"),
    ],
)
async def test_the_clients_order_decides(client: httpx.AsyncClient, accept: str, form: str) -> None:
    """The first form that is served and asked for."""
    found = (await client.get("/apis", headers={"accept": accept})).json()
    assert form in (found["kind"], found["apiVersion"].removeprefix("apidiscovery.k8s.io/"))


@pytest.mark.parametrize("path", LEGACY_PATHS)
@pytest.mark.parametrize(
    "accept", ["text/html", AGGREGATED.format("v3"), "application/vnd.kubernetes.protobuf"]
)
async def test_nothing_else_is_acceptable(client: httpx.AsyncClient, path: str, accept: str) -> None:
    """406 says what is, as a Status."""
    refused = await client.get(path, headers={"accept": accept})
    assert refused.status_code == 406
    assert refused.json()["message"] == "only the following media types are accepted: application/json"


@pytest.mark.parametrize("path", ["/api/v7", "/apis/example.com", "/apis/example.com/v1", "/apis/apps/v7"])
async def test_what_is_not_served_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    """Whatever form is asked for."""
    assert (await client.get(path)).status_code == 404


async def test_every_form_has_a_tag(client: httpx.AsyncClient) -> None:
    """Forms of one path are told apart by their tags."""
    headers = [{"accept": AGGREGATED.format(version)} for version in ("v2", "v2beta1")]
    answers = [await client.get("/apis", headers=header) for header in (*headers, {})]
    assert len({answer.headers["etag"] for answer in answers}) == 3
    assert all("Accept" in answer.headers["vary"] for answer in answers)


def test_subresources_with_a_kind_of_their_own() -> None:
    """Tools that scale and drain look for exactly these."""
    listed = discovery.resource_list(TABLE, "apps", "v1")
    assert listed is not None
    scale = next(r for r in listed["resources"] if r["name"] == "deployments/scale")
    assert scale == {
        "name": "deployments/scale",
        "singularName": "",
        "namespaced": True,
        "group": "autoscaling",
        "version": "v1",
        "kind": "Scale",
        "verbs": ["get", "patch", "update"],
    }


@pytest.mark.parametrize("core", [True, False])
def test_both_forms_list_the_same(core: bool) -> None:
    """Names, verbs, short names and categories of each resource and subresource."""
    for item in discovery.aggregated(TABLE, core=core, version="v2")["items"]:
        for version in item["versions"]:
            legacy = discovery.resource_list(TABLE, item["metadata"].get("name", ""), version["version"])
            assert legacy is not None
            flat = {entry["name"]: entry for entry in legacy["resources"]}
            for resource in version["resources"]:
                entry = flat.pop(resource["resource"])
                assert resource["verbs"] == entry["verbs"]
                assert resource["singularResource"] == entry["singularName"]
                assert resource["responseKind"]["kind"] == entry["kind"]
                assert (resource["scope"] == "Namespaced") is entry["namespaced"]
                assert resource.get("shortNames") == entry.get("shortNames")
                assert resource.get("categories") == entry.get("categories")
                for sub in resource.get("subresources", []):
                    below = flat.pop(f"{resource['resource']}/{sub['subresource']}")
                    assert (sub["verbs"], sub["responseKind"]["kind"]) == (below["verbs"], below["kind"])
            assert flat == {}
