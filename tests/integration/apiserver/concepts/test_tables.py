"""API concepts, "Receiving resources as Tables" and "Alternate representations of resources".

Tables in chunks are in ``test_chunking.py``, in watches in ``test_watches.py``; which columns each kind has is in
``tests/unit/server/apiserver/printers``, how an Accept header is read in ``test_negotiation.py``.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.apiserver.concepts.world import MAPS, World

TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
OLD_TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1beta1"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


async def get(world: World, path: str, accept: str, **query: str) -> Any:
    answer = await world.api.get(path, params=query, headers={"accept": accept})
    return answer.status_code, answer.json()


@pytest.fixture
async def one(world: World) -> World:
    """Keep one ConfigMap."""
    await world.put("x", k="v")
    return world


@pytest.mark.parametrize("path", [MAPS, f"{MAPS}/x"], ids=["list", "get"])
@pytest.mark.parametrize(("accept", "version"), [(TABLE, "v1"), (OLD_TABLE, "v1beta1")], ids=["v1", "v1beta1"])
async def test_a_table(one: World, path: str, accept: str, version: str) -> None:
    """Of a collection and of one object, in the version that was asked for, with definitions of its columns."""
    code, table = await get(one, path, accept)
    assert (code, table["kind"], table["apiVersion"]) == (200, "Table", f"meta.k8s.io/{version}")
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert {"name", "type", "format", "description", "priority"} == set(table["columnDefinitions"][0])
    (row,) = table["rows"]
    assert row["cells"][:2] == ["x", 1]
    assert row["object"]["kind"] == "PartialObjectMetadata"
    assert row["object"]["metadata"]["name"] == "x"


async def test_a_table_has_the_lists_version(one: World) -> None:
    """A watch can go on from it."""
    _, table = await get(one, MAPS, TABLE)
    assert table["metadata"] == (await one.list())["metadata"]


@pytest.mark.parametrize(
    ("include", "kind"), [("None", None), ("Metadata", "PartialObjectMetadata"), ("Object", "ConfigMap")]
)
async def test_what_rows_carry(one: World, include: str, kind: str | None) -> None:
    """``includeObject``: nothing, the metadata, or the whole object."""
    _, table = await get(one, MAPS, TABLE, includeObject=include)
    assert table["rows"][0].get("object", {}).get("kind") == kind


@pytest.mark.parametrize(
    "accept",
    [f"{TABLE.replace('v1', 'v9')},application/json", "application/vnd.kubernetes.protobuf,application/json"],
    ids=["unknown-table", "protobuf"],
)
async def test_falling_back_to_json(one: World, accept: str) -> None:
    """Clients name several media types, and get the first one that there is."""
    assert (await get(one, MAPS, accept))[1]["kind"] == "ConfigMapList"


@pytest.mark.parametrize(
    "accept",
    ["application/vnd.kubernetes.protobuf", TABLE.replace("v1", "v9"), "text/html"],
    ids=["protobuf", "unknown-table", "html"],
)
async def test_what_cannot_be_given(one: World, accept: str) -> None:
    """406 Not acceptable, as a Status."""
    code, status = await get(one, MAPS, accept)
    assert (code, status["kind"], status["reason"]) == (406, "Status", "NotAcceptable")


async def test_metadata_alone(one: World) -> None:
    """PartialObjectMetadata of one, a PartialObjectMetadataList of many, without the data."""
    whole = (await one.api.get(f"{MAPS}/x")).json()
    about = {"apiVersion": "meta.k8s.io/v1"}
    item = {"kind": "PartialObjectMetadata", **about, "metadata": whole["metadata"]}
    assert await get(one, f"{MAPS}/x", METADATA) == (200, item)
    _, found = await get(one, MAPS, METADATA_LIST)
    assert (found["kind"], found["apiVersion"], found["items"]) == (
        "PartialObjectMetadataList",
        "meta.k8s.io/v1",
        [item],
    )


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
async def test_writes_answer_as_they_are_asked(one: World, method: str) -> None:
    """Who only reads metadata gets no more of a write (Kubernetes' metadata client)."""
    whole = (await one.api.get(f"{MAPS}/x")).json()
    whole["metadata"]["finalizers"] = ["a.io/wait"]
    await one.api.put(f"{MAPS}/x", json={**whole, "metadata": {**whole["metadata"], "resourceVersion": ""}})
    headers = {"accept": METADATA}
    if method == "PATCH":
        headers["content-type"] = "application/merge-patch+json"
    body = {"data": {"k": "w"}} if method == "PATCH" else {"metadata": {"name": "x"}} if method == "PUT" else {}
    answer = await one.api.request(method, f"{MAPS}/x", json=body, headers=headers)
    assert (answer.status_code, answer.json()["kind"]) == (200, "PartialObjectMetadata"), answer.text
