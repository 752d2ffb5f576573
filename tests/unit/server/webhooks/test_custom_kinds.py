"""Webhooks and custom kinds: they are asked as for any kind, and a kind may go while they think."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.fakes.custom_kinds import DEFINITIONS, WIDGETS, Served, definition, served, widget
from tests.unit.server.webhooks.conftest import Outside, Say, allow, patch, set_label, webhook

DEFINITION = f"{DEFINITIONS}/widgets.example.com"
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1"
MERGE = {"content-type": "application/merge-patch+json"}
APPLY = {"content-type": "application/apply-patch+yaml"}
RULE = {"operations": ["*"], "apiGroups": ["example.com"], "apiVersions": ["*"], "resources": ["widgets"]}
Write = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]
KEPT = {**widget("kept"), "metadata": {"name": "kept", "finalizers": ["example.com/keep"]}}


class Cluster:
    """A cluster with Widgets, and those it asks about them."""

    def __init__(self, served: Served, outside: Outside) -> None:
        self.served = served
        self.http = served.http
        self.outside = outside

    async def configure(self, say: Say, *, mutating: bool = False, **settings: Any) -> None:
        """Have a webhook asked about Widgets."""
        kind = "MutatingWebhookConfiguration" if mutating else "ValidatingWebhookConfiguration"
        self.outside.said["check.example.com"] = say
        body = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": "check"},
            "webhooks": [webhook("check", **{"rules": [RULE], **settings})],
        }
        answer = await self.http.post(f"{CONFIGURATIONS}/{kind.lower()}s", json=body)
        assert answer.status_code == 201, answer.text

    @property
    def stored(self) -> list[str]:
        """Names of the Widgets in the store, whoever serves them."""
        return [entry.name for entry in self.served.store.list("widgets.example.com")]

    async def end_kind(self, _request: dict[str, Any]) -> dict[str, Any]:
        """Delete the definition, wait until it has gone, and have nothing against the write."""
        self.outside.said.clear()
        await self.http.delete(DEFINITION)
        await self.served.gone(DEFINITION)
        return {"allowed": True}

    async def begin_end(self, _request: dict[str, Any]) -> dict[str, Any]:
        """Delete the definition, which an object with a finalizer holds up."""
        self.outside.said.clear()
        await self.http.delete(DEFINITION)
        await self.gone("a")
        return {"allowed": True}

    async def replace_kind(self, request: dict[str, Any]) -> dict[str, Any]:
        """Put another definition of the same name in the place of the first."""
        await self.end_kind(request)
        other = definition()
        other["spec"]["scope"] = "Cluster"
        await self.served.define(other)
        return {"allowed": True}

    async def gone(self, name: str) -> None:
        await self.served.gone(f"{WIDGETS}/{name}")


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    outside = Outside()
    async with served(outside=outside) as serving:
        await serving.define()
        yield Cluster(serving, outside)


async def test_a_webhook_is_shown_custom_objects(cluster: Cluster) -> None:
    """A rule for a custom kind means its creates, updates and deletes, each with the object in full."""
    await cluster.configure(allow)
    await cluster.http.post(WIDGETS, json=widget("a", size=2))
    await cluster.http.patch(f"{WIDGETS}/a", json={"spec": {"size": 3}}, headers=MERGE)
    await cluster.http.delete(f"{WIDGETS}/a")
    seen = [
        (asked["operation"], (asked["object"] or {}).get("spec"), (asked["oldObject"] or {}).get("spec"))
        for _, asked in cluster.outside.asked
    ]
    two, three = {"size": 2, "color": "red"}, {"size": 3, "color": "red"}
    assert seen == [("CREATE", two, None), ("UPDATE", three, two), ("DELETE", None, three)]
    assert {asked["kind"]["kind"] for _, asked in cluster.outside.asked} == {"Widget"}


async def test_what_a_webhook_makes_of_a_custom_object_is_checked(cluster: Cluster) -> None:
    """A change is stored; one that the schema does not allow refuses the write, as the client's would."""
    await cluster.configure(set_label("team", "blue"), mutating=True)
    made = (await cluster.http.post(WIDGETS, json=widget("a"))).json()
    assert made["metadata"]["labels"] == {"team": "blue"}

    def shrink(_request: dict[str, Any]) -> dict[str, Any]:
        return patch({"op": "replace", "path": "/spec/size", "value": 0})

    cluster.outside.said["check.example.com"] = shrink
    refused = await cluster.http.post(WIDGETS, json=widget("b"))
    assert refused.status_code == 422
    assert "should be greater than or equal to 1" in refused.json()["message"]
    assert cluster.stored == ["a"]


def post(http: httpx.AsyncClient) -> Awaitable[httpx.Response]:
    return http.post(WIDGETS, json=widget("late"))


def post_dry_run(http: httpx.AsyncClient) -> Awaitable[httpx.Response]:
    return http.post(WIDGETS, json=widget("late"), params={"dryRun": "All"})


def apply(http: httpx.AsyncClient) -> Awaitable[httpx.Response]:
    return http.patch(f"{WIDGETS}/late", json=widget("late"), params={"fieldManager": "me"}, headers=APPLY)


def apply_old(http: httpx.AsyncClient) -> Awaitable[httpx.Response]:
    params = {"fieldManager": "me", "force": "true"}
    return http.patch(f"{WIDGETS}/a", json=widget("a", size=7), params=params, headers=APPLY)


def patch_old(http: httpx.AsyncClient) -> Awaitable[httpx.Response]:
    return http.patch(f"{WIDGETS}/a", json={"spec": {"size": 7}}, headers=MERGE)


@pytest.mark.parametrize(
    ("mutating", "write"),
    [(True, post), *((False, write) for write in (post, post_dry_run, apply, apply_old, patch_old))],
)
async def test_nothing_is_stored_of_a_kind_that_has_gone(
    cluster: Cluster, mutating: bool, write: Write
) -> None:
    """A definition that goes while a webhook thinks takes the write with it: nobody could ever find what it left."""
    await cluster.http.post(WIDGETS, json=widget("a"))
    await cluster.configure(cluster.end_kind, mutating=mutating)
    refused = await write(cluster.http)
    assert (refused.status_code, refused.json()["reason"]) == (404, "NotFound")
    assert cluster.stored == []


@pytest.mark.parametrize("write", [post, apply_old])
async def test_nothing_is_stored_of_a_kind_that_another_has_replaced(cluster: Cluster, write: Write) -> None:
    """Another definition under the same name makes another kind, here one without namespaces."""
    await cluster.http.post(WIDGETS, json=widget("a"))
    await cluster.configure(cluster.replace_kind)
    assert (await write(cluster.http)).status_code == 404
    assert cluster.stored == []


@pytest.mark.parametrize("write", [post, apply])
async def test_nothing_is_created_while_a_kind_ends(cluster: Cluster, write: Write) -> None:
    """A definition that began to go while a webhook was asked refuses what would be new (``forbidCreateAdmission``)."""
    for body in (widget("a"), KEPT):
        await cluster.http.post(WIDGETS, json=body)
    await cluster.configure(cluster.begin_end)
    refused = await write(cluster.http)
    assert refused.status_code == 403
    assert refused.json()["message"].endswith(
        "is forbidden: create not allowed while custom resource definition is terminating"
    )
    assert cluster.stored == ["kept"]


async def test_what_is_there_can_be_changed_while_its_kind_ends(cluster: Cluster) -> None:
    """Its finalizers have to be taken off: updates are served to the end, and the kind goes with the last object."""
    await cluster.http.post(WIDGETS, json=KEPT)
    await cluster.configure(allow)
    await cluster.http.delete(DEFINITION)
    for _ in range(1000):
        await asyncio.sleep(0)
        if (await cluster.http.get(f"{WIDGETS}/kept")).json()["metadata"].get("deletionTimestamp"):
            break
    listed = (await cluster.http.get("/apis/example.com/v1")).json()["resources"]
    verbs = next(one["verbs"] for one in listed if one["name"] == "widgets")
    assert verbs == ["delete", "deletecollection", "get", "list", "watch"]
    done = await cluster.http.patch(f"{WIDGETS}/kept", json={"metadata": {"finalizers": None}}, headers=MERGE)
    assert done.status_code == 200
    assert cluster.stored == []


async def test_a_finalizer_needs_no_domain(cluster: Cluster) -> None:
    """Many operators call theirs ``finalizers.example.com``: custom resources accept any qualified name."""
    body = {**widget("a"), "metadata": {"name": "a", "finalizers": ["finalizers.example.com"]}}
    assert (await cluster.http.post(WIDGETS, json=body)).status_code == 201
    body["metadata"]["finalizers"] = ["-x-"]
    refused = await cluster.http.patch(f"{WIDGETS}/a", json=body, headers=MERGE)
    assert refused.json()["details"]["causes"][0]["field"] == "metadata.finalizers[0]"


async def test_a_body_that_arrives_late_is_for_a_kind_that_has_gone(cluster: Cluster) -> None:
    """A client may take its time to send an object; whether its kind is there counts when it is stored."""

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"apiVersion": "example.com/v1", "kind": "Widget", '
        await cluster.end_kind({})
        yield b'"metadata": {"name": "late"}, "spec": {"size": 1}}'

    refused = await cluster.http.post(WIDGETS, content=slowly(), headers={"content-type": "application/json"})
    assert refused.status_code == 404
    assert cluster.stored == []
