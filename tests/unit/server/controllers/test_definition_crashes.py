"""A custom kind and its objects, wherever the server is killed."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import httpx
import pytest

from edgeorch.api.table import default_table
from edgeorch_server.store.fields import fields_from
from edgeorch_server.store.tinydb import TinyStore
from tests.fakes.custom_kinds import DEFINITIONS, WIDGETS, Served, definition, served, widget
from tests.fakes.mortal_store import MortalStore

NAME = "widgets.example.com"
DEFINITION = f"{DEFINITIONS}/{NAME}"
MERGE = {"content-type": "application/merge-patch+json"}
RELEASE = {"metadata": {"finalizers": None}}
MOST_WRITES = 40


async def life(cluster: Served) -> None:
    """Define a kind, make objects of it, and delete the kind, which one of them holds up for a while."""
    http = cluster.http
    await cluster.define()
    await http.post(WIDGETS, json=widget("a"))
    kept = {**widget("b"), "metadata": {"name": "b", "finalizers": ["example.com/keep"]}}
    await http.post(WIDGETS, json=kept)
    await http.patch(f"{WIDGETS}/b/status", json={"status": {"phase": "Ready"}}, headers=MERGE)
    await http.delete(DEFINITION)
    await cluster.gone(f"{WIDGETS}/a")
    await http.patch(f"{WIDGETS}/b", json=RELEASE, headers=MERGE)
    await cluster.gone(DEFINITION)


async def until_killed(store: MortalStore, writes: int) -> bool:
    """Live until so many writes have been stored; False if the life was shorter."""
    async with served(store) as cluster:
        store.left = writes
        living = asyncio.create_task(life(cluster))
        while store.left > 0 and not living.done():  # noqa: ASYNC110 - what happens has no event of its own
            await asyncio.sleep(0)
        killed = store.left <= 0
        living.cancel()
        outcome = await asyncio.gather(living, return_exceptions=True)
        assert killed or outcome[0] is None
    store.left = None
    return killed


async def furnished() -> MortalStore:
    store = MortalStore()
    async with served(store) as cluster:
        await cluster.furnish()
    return store


async def test_nothing_of_a_kind_is_left_behind() -> None:
    """After each of its writes: objects have their definition, are served if it is, and can be got rid of with it."""
    for writes in range(1, MOST_WRITES):
        store = await furnished()
        if not await until_killed(store, writes):
            assert writes > 8, "the life has a number of writes"
            return
        async with served(store) as again:
            left = {entry.name for entry in store.list(NAME)}
            there = await again.http.get(DEFINITION)
            assert not left or there.status_code == 200, writes
            if left:
                listed = (await again.http.get(WIDGETS)).json()["items"]
                assert {item["metadata"]["name"] for item in listed} == left, writes
            if there.status_code == 200:
                await again.http.delete(DEFINITION)
                if "b" in left:
                    await again.http.patch(f"{WIDGETS}/b", json=RELEASE, headers=MERGE)
                await again.gone(DEFINITION)
            assert not store.list(NAME), writes
    pytest.fail("the life never ends")


async def names(http: httpx.AsyncClient, selector: str) -> list[str]:
    listed = await http.get(WIDGETS, params={"fieldSelector": selector})
    return [item["metadata"]["name"] for item in listed.json()["items"]]


async def test_custom_objects_are_recovered_with_their_fields(tmp_path: Path) -> None:
    """What was acknowledged is there after a kill, status and generation too, and found by the fields of its kind."""
    folder, left = tmp_path / "store", tmp_path / "left"
    fields = fields_from(default_table())
    async with await TinyStore.open(folder, fields) as store, served(store) as before:
        await before.furnish()
        await before.define(definition())
        for name, color in (("a", "blue"), ("b", "red")):
            await before.http.post(WIDGETS, json=widget(name, color=color))
        await before.http.patch(f"{WIDGETS}/a", json={"spec": {"size": 7}}, headers=MERGE)
        status = {"status": {"phase": "Ready"}}
        told = await before.http.patch(f"{WIDGETS}/a/status", json=status, headers=MERGE)
        shutil.copytree(folder, left)  # what there would be on the disk if it were killed now
    async with await TinyStore.open(left, fields) as store, served(store) as after:
        assert (await after.http.get(f"{WIDGETS}/a")).json() == told.json()
        assert await names(after.http, "spec.color=blue") == ["a"]
        await after.http.patch(f"{WIDGETS}/b", json={"spec": {"color": "blue"}}, headers=MERGE)
        assert await names(after.http, "spec.color=blue") == ["a", "b"]
