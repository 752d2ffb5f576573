"""API concepts, "Retrieving large results sets in chunks"."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from edgeorch_server.store.tinydb import TinyStore
from tests.fakes.api_server import furnish
from tests.fakes.in_process import bare_app, bare_registry, client_of
from tests.integration.apiserver.concepts.world import MAPS, World, names

TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
METADATA = {"accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
INCONSISTENT = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You can start a new list without the continue parameter, or use the continue token in this response to "
    "retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list "
    "- objects that were created, modified, or deleted between the time the first chunk was returned and now "
    "may show up in the list."
)


@pytest.fixture
async def five(world: World) -> World:
    """Keep five ConfigMaps."""
    for name in "abcde":
        await world.put(name, v="1")
    return world


async def test_chunks_make_up_the_list(five: World) -> None:
    """Up to ``limit`` at a time, until ``continue`` is empty; the resourceVersion remains constant."""
    first = await five.list(limit=2)
    second = await five.list(limit=2, **{"continue": first["metadata"]["continue"]})
    third = await five.list(limit=2, **{"continue": second["metadata"]["continue"]})
    assert [names(page) for page in (first, second, third)] == [["a", "b"], ["c", "d"], ["e"]]
    assert "continue" not in third["metadata"]
    assert len({page["metadata"]["resourceVersion"] for page in (first, second, third)}) == 1


async def test_chunks_are_of_one_snapshot(five: World) -> None:
    """What is created, updated or deleted after the first chunk is not shown."""
    first = await five.list(limit=2)
    await five.put("c", v="2")
    await five.put("cc", v="1")
    await five.api.delete(f"{MAPS}/d")
    rest = await five.list(**{"continue": first["metadata"]["continue"]})
    assert [(item["metadata"]["name"], item["data"]) for item in rest["items"]] == [
        (name, {"v": "1"}) for name in "cde"
    ]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_a_large_list_is_compressed(five: World) -> None:
    """For those who take gzip: 128 KiB and more (APIResponseCompression); what is in it is the same."""
    plain = {"accept-encoding": "identity"}
    packed = {"accept-encoding": "gzip"}
    assert "content-encoding" not in (await five.api.get(MAPS, headers=packed)).headers
    for name in "abcde":
        await five.put(name, v="x" * (30 << 10))
    as_it_is, compressed = [await five.api.get(MAPS, headers=headers) for headers in (plain, packed)]
    assert [answer.headers.get("content-encoding") for answer in (as_it_is, compressed)] == [None, "gzip"]
    assert as_it_is.json() == compressed.json()
    assert compressed.num_bytes_downloaded < as_it_is.num_bytes_downloaded / 10


@pytest.mark.looptime
async def test_a_watch_after_the_chunks_misses_nothing(five: World) -> None:
    """Break a large request into chunks, then watch on the full set."""
    first = await five.list(limit=2)
    await five.put("c", v="2")
    await five.api.delete(f"{MAPS}/a")
    version = (await five.list(**{"continue": first["metadata"]["continue"]}))["metadata"]["resourceVersion"]
    watch = await five.api.get(MAPS, params={"watch": "1", "resourceVersion": version, "timeoutSeconds": "1"})
    told = [json.loads(line) for line in watch.text.splitlines()]
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in told] == [
        ("MODIFIED", "c"),
        ("DELETED", "a"),
    ]


async def test_a_token_expires(five: World) -> None:
    """410 Gone once the snapshot is no longer held, with a token to go on with all the same."""
    first = await five.list(limit=2)
    await five.forget()
    gone = await five.api.get(MAPS, params={"continue": first["metadata"]["continue"]})
    status = gone.json()
    assert gone.status_code == 410
    assert (status["reason"], status["message"], status["code"]) == ("Expired", INCONSISTENT, 410)
    assert list(status["metadata"]) == ["continue"]


async def test_an_expired_list_can_go_on_inconsistently(five: World) -> None:
    """The token in the 410 starts at the next key, from the latest snapshot, which then holds."""
    first = await five.list(limit=1)
    await five.forget()
    await five.put("aa", v="1")
    gone = (await five.api.get(MAPS, params={"continue": first["metadata"]["continue"]})).json()
    second = await five.list(limit=2, **{"continue": gone["metadata"]["continue"]})
    await five.put("c", v="2")
    third = await five.list(**{"continue": second["metadata"]["continue"]})
    assert (names(second), names(third)) == (["aa", "b"], ["c", "d", "e"])
    assert third["items"][0]["data"] == {"v": "1"}
    assert second["metadata"]["resourceVersion"] == third["metadata"]["resourceVersion"]
    assert second["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]


async def test_a_restart_between_two_chunks(tmp_path: Path) -> None:
    """A server that has been started anew holds no snapshot of before: 410, and the list can go on."""
    token = ""
    for life in range(2):
        async with await TinyStore.open(tmp_path / "store", lambda _resource, _object: {}) as store:
            registry = bare_registry(store)
            async with client_of(bare_app(registry)) as api:
                if not life:
                    await furnish(registry)
                    for name in "abc":
                        await api.post(MAPS, json={"metadata": {"name": name}})
                    page = (await api.get(MAPS, params={"limit": "1"})).json()
                    token = page["metadata"]["continue"]
                await api.delete(f"{MAPS}/c" if not life else f"{MAPS}/none")
                if life:
                    gone = await api.get(MAPS, params={"continue": token})
                    assert (gone.status_code, gone.json()["message"]) == (410, INCONSISTENT)
                    again = await api.get(MAPS, params={"continue": gone.json()["metadata"]["continue"]})
                    assert names(again.json()) == ["b"]


async def test_what_remains_is_counted(five: World) -> None:
    """``remainingItemCount`` says how many come after this chunk; the last one has none."""
    first = await five.list(limit=2)
    assert first["metadata"]["remainingItemCount"] == 3
    await five.put("x")
    second = await five.list(limit=2, **{"continue": first["metadata"]["continue"]})
    assert second["metadata"]["remainingItemCount"] == 1
    third = await five.list(limit=2, **{"continue": second["metadata"]["continue"]})
    assert "remainingItemCount" not in third["metadata"]


@pytest.mark.parametrize(
    "selector", [{"labelSelector": "!x"}, {"fieldSelector": "metadata.name!=a"}], ids=["labels", "fields"]
)
async def test_what_remains_is_unknown_under_a_selector(five: World, selector: dict[str, str]) -> None:
    """Then the field is left unset."""
    page = await five.list(limit=2, **selector)
    assert page["metadata"]["continue"]
    assert "remainingItemCount" not in page["metadata"]


@pytest.mark.parametrize(
    ("headers", "items"), [(TABLE, "rows"), (METADATA, "items")], ids=["table", "metadata"]
)
async def test_every_representation_comes_in_chunks(five: World, headers: dict[str, str], items: str) -> None:
    """Tables and PartialObjectMetadata have the same metadata."""
    first = (await five.api.get(MAPS, params={"limit": "4"}, headers=headers)).json()
    assert (len(first[items]), first["metadata"]["remainingItemCount"]) == (4, 1)
    rest = {"continue": first["metadata"]["continue"]}
    assert len((await five.api.get(MAPS, params=rest, headers=headers)).json()[items]) == 1


async def test_a_resource_version_and_a_token(five: World) -> None:
    """Invalid, 400; but 0 is treated as the token alone."""
    first = await five.list(limit=2)
    token = first["metadata"]["continue"]
    refused = await five.api.get(MAPS, params={"continue": token, "resourceVersion": "5"})
    assert (refused.status_code, refused.json()["message"]) == (
        400,
        "specifying resource version is not allowed when using continue",
    )
    assert names(await five.list(resourceVersion=0, **{"continue": token})) == ["c", "d", "e"]


def _token(**members: Any) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": 7, "start": "default/a", **members})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("nonsense", "it is not base64 of JSON"),
        (_token(v="v2"), "server does not recognize this encoded version v2"),
        (_token(rv=0), "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"),
        (_token(start=""), "encoded start key empty (version meta.k8s.io/v1)"),
        (_token(rv="7"), "incorrect encoded members"),
    ],
)
async def test_a_token_that_the_server_does_not_recognize(five: World, token: str, why: str) -> None:
    """The server may reject it, and does: 400."""
    refused = await five.api.get(MAPS, params={"continue": token})
    assert (refused.status_code, refused.json()["message"]) == (
        400,
        f"invalid continue token: continue key is not valid: {why}",
    )


async def test_a_token_of_another_collection_shows_nothing_of_it(five: World) -> None:
    """It only says where to go on: what may be read is what the path and the selectors name."""
    await five.put("other", "/api/v1/namespaces/kube-system/configmaps")
    everywhere = await five.api.get("/api/v1/configmaps", params={"limit": "1"})
    token = everywhere.json()["metadata"]["continue"]
    elsewhere = await five.list("/api/v1/namespaces/kube-system/configmaps", **{"continue": token})
    assert names(elsewhere) == ["other"]
    assert (await five.list("/api/v1/namespaces/default/secrets", **{"continue": token}))["items"] == []
    assert names(await five.list(fieldSelector="metadata.name=c", **{"continue": token})) == ["c"]
    future = await five.api.get(MAPS, params={"continue": _token(rv=10**9)})
    assert future.status_code == 410
