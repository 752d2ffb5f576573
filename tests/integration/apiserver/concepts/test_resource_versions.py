"""API concepts, "Resource versions": what a get or a list is as of.

Where a watch begins is in ``tests/unit/server/apiserver/test_watch.py``, which options exclude each other in
``test_params.py`` beside it.
"""

from __future__ import annotations

import json

import pytest

from tests.integration.apiserver.concepts.world import MAPS, World, names

ONE = f"{MAPS}/a"


@pytest.fixture
async def past(world: World) -> tuple[World, str]:
    """Keep two ConfigMaps where one was; gives the version from before the second."""
    await world.put("a", v="1")
    version = (await world.list())["metadata"]["resourceVersion"]
    await world.put("a", v="2")
    await world.put("b", v="1")
    return world, version


@pytest.mark.parametrize("version", [None, "", "0", "1"], ids=["unset", "empty", "any", "not-older-than"])
async def test_get(past: tuple[World, str], version: str | None) -> None:
    """Most recent, any, not older than: all are the newest."""
    world, _ = past
    answer = await world.api.get(ONE, params={} if version is None else {"resourceVersion": version})
    assert answer.json()["data"] == {"v": "2"}


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, ["a", "b"]),
        ({"resourceVersion": "0"}, ["a", "b"]),
        ({"resourceVersion": "V"}, ["a", "b"]),
        ({"limit": "5"}, ["a", "b"]),
        ({"limit": "5", "resourceVersion": "0"}, ["a", "b"]),
        ({"limit": "5", "resourceVersion": "V"}, ["a"]),
        ({"resourceVersion": "V", "resourceVersionMatch": "Exact"}, ["a"]),
        ({"limit": "5", "resourceVersion": "V", "resourceVersionMatch": "Exact"}, ["a"]),
        ({"resourceVersion": "0", "resourceVersionMatch": "NotOlderThan"}, ["a", "b"]),
        ({"resourceVersion": "V", "resourceVersionMatch": "NotOlderThan"}, ["a", "b"]),
        ({"limit": "5", "resourceVersion": "V", "resourceVersionMatch": "NotOlderThan"}, ["a", "b"]),
    ],
    ids=lambda value: " ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else None,
)
async def test_list(past: tuple[World, str], query: dict[str, str], shown: list[str]) -> None:
    """The table "Semantics for list"; exact ones say their version, and show what was there then."""
    world, version = past
    page = await world.list(**{name: value.replace("V", version) for name, value in query.items()})
    assert names(page) == shown
    assert page["items"][0]["data"] == {"v": "1" if shown == ["a"] else "2"}
    assert (page["metadata"]["resourceVersion"] == version) is (shown == ["a"])


@pytest.mark.parametrize("query", [{"limit": "5"}, {"resourceVersionMatch": "Exact"}], ids=str)
async def test_a_version_that_is_no_longer_held(past: tuple[World, str], query: dict[str, str]) -> None:
    """410 Gone: clients list again without it."""
    world, version = past
    await world.forget()
    gone = await world.api.get(MAPS, params={**query, "resourceVersion": version})
    assert (gone.status_code, gone.json()["reason"]) == (410, "Expired")
    assert gone.json()["message"] == "The resourceVersion for the provided list is too old."
    assert gone.json()["metadata"] == {}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (ONE, {}),
        (MAPS, {}),
        (MAPS, {"limit": "5"}),
        (MAPS, {"resourceVersionMatch": "Exact"}),
        (MAPS, {"resourceVersionMatch": "NotOlderThan"}),
        (MAPS, {"watch": "1", "resourceVersionMatch": "NotOlderThan", "sendInitialEvents": "true"}),
    ],
    ids=["get", "list", "limit", "exact", "not-older-than", "streaming-list"],
)
async def test_a_version_that_is_not_there_yet(world: World, path: str, query: dict[str, str]) -> None:
    """504 Gateway Timeout, byte for byte, with a Retry-After header ("Unavailable resource versions")."""
    answer = await world.api.get(path, params={**query, "resourceVersion": "1000000"})
    current = world.store.revision
    assert (answer.status_code, answer.headers["retry-after"]) == (504, "1")
    assert answer.text == (
        '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
        f'"message":"Timeout: Too large resource version: 1000000, current: {current}","reason":"Timeout",'
        '"details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],'
        '"retryAfterSeconds":1},"code":504}\n'
    )


@pytest.mark.parametrize("path", [ONE, MAPS], ids=["get", "list"])
async def test_a_version_that_is_none(world: World, path: str) -> None:
    """Versions are opaque to clients, yet not any text is one: 400."""
    answer = await world.api.get(path, params={"resourceVersion": "new"})
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        'invalid resource version: resourceVersion: Invalid value: "new": '
        'strconv.ParseUint: parsing "new": invalid syntax'
    )


@pytest.mark.looptime
async def test_a_watch_of_a_version_that_is_no_longer_held(past: tuple[World, str]) -> None:
    """200 and one ERROR event that is a Status of code 410, after which the stream ends."""
    world, version = past
    await world.forget()
    answer = await world.api.get(MAPS, params={"watch": "1", "resourceVersion": version})
    (event,) = [json.loads(line) for line in answer.text.splitlines()]
    assert (answer.status_code, event["type"], event["object"]["code"]) == (200, "ERROR", 410)
    assert event["object"]["message"].startswith(f"too old resource version: {version} (")
