"""API concepts, "Dry-run".

What each verb answers is in ``tests/unit/server/registry/test_dry_run.py``; here is that nothing else happens.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.apiserver.concepts.world import MAPS, World

BODY = {"metadata": {"name": "x"}, "data": {"v": "2"}}
MERGE = {"content-type": "application/merge-patch+json"}
JSON_PATCH = {"content-type": "application/json-patch+json"}
STRATEGIC = {"content-type": "application/strategic-merge-patch+json"}
APPLY = {"content-type": "application/apply-patch+yaml"}
APPLIED = {"apiVersion": "v1", "kind": "ConfigMap", **BODY}

WRITES: dict[str, tuple[str, str, Any, dict[str, str], int]] = {
    "create": ("POST", MAPS, {"metadata": {"name": "new"}}, {}, 201),
    "update": ("PUT", f"{MAPS}/x", BODY, {}, 200),
    "merge-patch": ("PATCH", f"{MAPS}/x", {"data": {"v": "2"}}, MERGE, 200),
    "json-patch": ("PATCH", f"{MAPS}/x", [{"op": "add", "path": "/data/v", "value": "2"}], JSON_PATCH, 200),
    "strategic-patch": ("PATCH", f"{MAPS}/x", {"data": {"v": "2"}}, STRATEGIC, 200),
    "apply": ("PATCH", f"{MAPS}/x?fieldManager=me&force=true", APPLIED, APPLY, 200),
    "apply-new": (
        "PATCH",
        f"{MAPS}/new?fieldManager=me",
        {**APPLIED, "metadata": {"name": "new"}},
        APPLY,
        201,
    ),
    "delete": ("DELETE", f"{MAPS}/x", {}, {}, 200),
    "delete-collection": ("DELETE", MAPS, {}, {}, 200),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_nothing_is_persisted(world: World, write: tuple[str, str, Any, dict[str, str], int]) -> None:
    """The answer has the normal status code and says what would be; the store is not touched."""
    method, path, body, headers, code = write
    stored = await world.put("x", v="1")
    revision = world.store.revision
    if method == "DELETE":
        body = {"dryRun": ["All"]}
    else:
        path = f"{path}{'&' if '?' in path else '?'}dryRun=All"
    answer = await world.api.request(method, path, content=json.dumps(body), headers=headers)
    assert answer.status_code == code, answer.text
    if method != "DELETE" and code == 200:
        assert answer.json()["data"] == {"v": "2"}
    assert world.store.revision == revision
    assert (await world.api.get(f"{MAPS}/x")).json() == stored


async def test_a_delete_may_say_so_in_its_query(world: World) -> None:
    """``dryRun`` is a query parameter of DELETE too."""
    await world.put("x")
    assert (await world.api.delete(f"{MAPS}/x", params={"dryRun": "All"})).status_code == 200
    assert (await world.api.get(f"{MAPS}/x")).status_code == 200


@pytest.mark.parametrize("value", ["true", "all", ""], ids=["true", "lower-case", "empty"])
async def test_the_only_value_is_all(world: World, value: str) -> None:
    """Whoever means a dry run and says it wrongly gets no real one."""
    answer = await world.api.post(MAPS, params={"dryRun": value}, json={"metadata": {"name": "x"}})
    assert answer.status_code == 422
    assert answer.json()["message"] == (
        f'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["{value}"]: supported values: "All"'
    )
    assert (await world.api.get(f"{MAPS}/x")).status_code == 404


async def test_generated_values_are_made_up(world: World) -> None:
    """Name, uid and creationTimestamp are filled in, and are others for the real request."""
    body = {"metadata": {"generateName": "x-"}}
    metas = [
        (await world.api.post(MAPS, params=params, json=body)).json()["metadata"]
        for params in ({"dryRun": "All"}, {})
    ]
    dry, real = metas
    assert dry["creationTimestamp"]
    assert dry["name"].startswith("x-")
    assert dry["name"] != real["name"]
    assert dry["uid"] != real["uid"]
    assert "resourceVersion" not in dry


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_it_needs_the_same_permission(
    world: World, write: tuple[str, str, Any, dict[str, str], int]
) -> None:
    """Who may not write may not try either, and is told the same ("Dry-run authorization")."""
    method, path, body, headers, _ = write
    headers = {**headers, "impersonate-user": "jane"}
    answers = [
        await world.api.request(method, path, params=params, content=json.dumps(body), headers=headers)
        for params in ({"fieldManager": "me", "dryRun": "All"}, {"fieldManager": "me"})
    ]
    assert answers[0].status_code == 403
    assert answers[0].text == answers[1].text
