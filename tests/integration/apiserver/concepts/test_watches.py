"""API concepts, "Efficient detection of changes", "Watch bookmarks" and "Streaming lists", in each representation.

What a watch tells and when is in ``tests/unit/server/apiserver/test_watch.py``.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.apiserver.concepts.world import MAPS, World

TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
METADATA = {"accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}
STREAMING = {
    "sendInitialEvents": "true",
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": "true",
}
Told = list[tuple[str, dict[str, Any]]]


async def watch(world: World, headers: dict[str, str], **query: str) -> Told:
    """Watch for a second, in which nothing new happens."""
    query = {"watch": "1", "timeoutSeconds": "1", **query}
    answer = await world.api.get(MAPS, params=query, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return [(event["type"], event["object"]) for event in map(json.loads, answer.text.splitlines())]


@pytest.fixture
async def changed(world: World) -> tuple[World, str]:
    """Create, change and delete; gives the version from before."""
    version = (await world.list())["metadata"]["resourceVersion"]
    await world.put("x", v="1")
    await world.put("x", v="2")
    await world.api.delete(f"{MAPS}/x")
    return world, version


@pytest.mark.looptime
async def test_every_event_is_a_table(changed: tuple[World, str]) -> None:
    """One row each, the columns with the first, and in a bookmark too."""
    world, version = changed
    told = await watch(world, TABLE, resourceVersion=version, allowWatchBookmarks="true")
    assert [kind for kind, _ in told] == ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    assert {table["kind"] for _, table in told} == {"Table"}
    assert [len(table["rows"]) for _, table in told] == [1, 1, 1, 1]
    assert [bool(table["columnDefinitions"]) for _, table in told] == [True, False, False, False]
    assert [table["rows"][0]["cells"][0] for _, table in told] == ["x", "x", "x", ""]
    assert told[-1][1]["rows"][0]["object"]["metadata"] == {"resourceVersion": str(world.store.revision)}


@pytest.mark.looptime
async def test_every_event_is_metadata(changed: tuple[World, str]) -> None:
    """PartialObjectMetadata, without the data, under the version of each change."""
    world, version = changed
    told = await watch(world, METADATA, resourceVersion=version, allowWatchBookmarks="true")
    assert [kind for kind, _ in told] == ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    for _, item in told:
        assert set(item) == {"kind", "apiVersion", "metadata"}
        assert (item["kind"], item["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
    versions = [int(item["metadata"]["resourceVersion"]) for _, item in told]
    assert versions == [int(version) + 1, int(version) + 2, int(version) + 3, int(version) + 3]


@pytest.mark.looptime
@pytest.mark.parametrize("headers", [{}, TABLE, METADATA], ids=["object", "table", "metadata"])
async def test_a_streaming_list(world: World, headers: dict[str, str]) -> None:
    """Synthetic ADDED events, then a bookmark with the annotation ``k8s.io/initial-events-end``."""
    await world.put("a")
    await world.put("b")
    told = await watch(world, headers, **STREAMING)
    assert [kind for kind, _ in told] == ["ADDED", "ADDED", "BOOKMARK", "BOOKMARK"]
    marker = told[2][1]
    if headers is TABLE:
        marker = marker["rows"][0]["object"]
    assert marker["metadata"] == {
        "resourceVersion": str(world.store.revision),
        "annotations": {"k8s.io/initial-events-end": "true"},
    }


@pytest.mark.looptime
async def test_a_streaming_list_goes_on_from_its_bookmark(world: World) -> None:
    """A watch from the bookmark's version tells what came after it and nothing else."""
    await world.put("a")
    told = await watch(world, {}, **STREAMING)
    version = told[-1][1]["metadata"]["resourceVersion"]
    await world.put("b")
    (event,) = await watch(world, {}, resourceVersion=version)
    assert (event[0], event[1]["metadata"]["name"]) == ("ADDED", "b")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (
            {"sendInitialEvents": "true"},
            "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        (
            {"resourceVersionMatch": "NotOlderThan"},
            "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        (
            {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "continue": "x"},
            "Forbidden: resourceVersionMatch is forbidden when continue is provided",
        ),
    ],
    ids=["no-match", "no-initial-events", "continue"],
)
async def test_options_that_do_not_go_together(world: World, query: dict[str, str], why: str) -> None:
    """422, which is how clients learn that they have to list."""
    answer = await world.api.get(MAPS, params={"watch": "1", **query})
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")
    assert answer.json()["message"] == f'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: {why}'
