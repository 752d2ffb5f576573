"""Watches over HTTPS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.fakes.api_server import Cluster
from tests.fakes.eventually import LIMIT, eventually

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


class Events:
    """The events of one watch, as they come in."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(await asyncio.wait_for(anext(self._lines), LIMIT))
        return event

    async def ended(self) -> bool:
        """Wait for the end of the stream; say whether nothing came before it."""
        return await asyncio.wait_for(anext(self._lines, None), LIMIT) is None


@asynccontextmanager
async def watching(client: httpx.AsyncClient, query: str = "", **headers: str) -> AsyncIterator[Events]:
    async with client.stream("GET", f"{CONFIG_MAPS}?watch=true&{query}", headers=headers) as answer:
        yield Events(answer)


async def put(client: httpx.AsyncClient, name: str, **data: str) -> None:
    body = {"metadata": {"name": name}, "data": data}
    answer = await client.post(CONFIG_MAPS, json=body)
    if answer.status_code == 409:
        answer = await client.put(f"{CONFIG_MAPS}/{name}", json=body)
    assert answer.is_success


async def test_events_come_as_lines(admin: httpx.AsyncClient) -> None:
    """Chunked JSON lines, each when it happens."""
    async with watching(admin) as events:
        assert events.answer.status_code == 200
        assert events.answer.headers["content-type"] == "application/json"
        assert events.answer.headers["transfer-encoding"] == "chunked"
        await put(admin, "x", k="1")
        await put(admin, "x", k="2")
        await admin.delete(f"{CONFIG_MAPS}/x")
        told = [await events.next() for _ in range(3)]
    assert [event["type"] for event in told] == ["ADDED", "MODIFIED", "DELETED"]
    assert [event["object"]["data"] for event in told] == [{"k": "1"}, {"k": "2"}, {"k": "2"}]


async def test_list_and_watch_leave_no_gap(admin: httpx.AsyncClient) -> None:
    """A watch from the list's version tells exactly what the list did not."""
    await put(admin, "before")
    version = (await admin.get(CONFIG_MAPS)).json()["metadata"]["resourceVersion"]
    await put(admin, "between")
    async with watching(admin, f"resourceVersion={version}") as events:
        await put(admin, "after")
        names = [(await events.next())["object"]["metadata"]["name"] for _ in range(2)]
    assert names == ["between", "after"]


async def test_tables_can_be_watched(admin: httpx.AsyncClient) -> None:
    """As ``kubectl get -w`` does."""
    async with watching(admin, **TABLE) as events:
        await put(admin, "x")
        event = await events.next()
    assert event["object"]["kind"] == "Table"
    assert event["object"]["rows"][0]["cells"][0] == "x"


async def test_the_time_out_ends_the_stream(admin: httpx.AsyncClient) -> None:
    """Properly, with a last bookmark for who allows it."""
    async with watching(admin, "timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=1") as events:
        assert (await events.next())["type"] == "BOOKMARK"
        assert await events.ended()


async def test_a_client_that_leaves_leaves_nothing_behind(cluster: Cluster, admin: httpx.AsyncClient) -> None:
    """Its watch is taken out of the store though nothing happens."""
    async with cluster.client() as other, watching(other) as events:
        await put(admin, "x")
        await events.next()
        assert len(cluster.streams) == 1
    await eventually(lambda: len(cluster.streams) == 0)


async def test_a_stopping_server_ends_watches_at_once(cluster: Cluster, admin: httpx.AsyncClient) -> None:
    """Clients see a proper end and not a broken connection, and the server does not wait for them."""
    async with watching(admin) as events:
        await put(admin, "x")
        await events.next()
        stopping = asyncio.create_task(cluster.server.stop())
        assert await events.ended()
        await asyncio.wait_for(stopping, LIMIT)


async def test_many_watchers_hear_the_same(cluster: Cluster, admin: httpx.AsyncClient) -> None:
    """Fifty streams, one event."""
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(
            base_url=cluster.url, verify=cluster.tls("admin"), timeout=LIMIT, limits=limits
        ) as many,
        asyncio.TaskGroup() as group,
    ):
        hear = [group.create_task(_first_event(many)) for _ in range(50)]
        await eventually(lambda: len(cluster.streams) == 50)
        await put(admin, "x")
    assert {task.result() for task in hear} == {"x"}


async def _first_event(client: httpx.AsyncClient) -> str:
    async with watching(client) as events:
        name: str = (await events.next())["object"]["metadata"]["name"]
        return name
