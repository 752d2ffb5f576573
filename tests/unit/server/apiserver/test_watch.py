"""Watches: where they begin, what they tell, how they end. Time is virtual."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.datastructures import QueryParams

from edgeorch.api.core.config import ConfigMap
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.resources import CONFIG_MAPS, NAMESPACES
from edgeorch.api.meta import Object, ObjectMeta
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.table import default_table
from edgeorch_server.apiserver import params
from edgeorch_server.apiserver.negotiation import Representation, Shape
from edgeorch_server.apiserver.params import WatchOptions
from edgeorch_server.apiserver.representations import Representations
from edgeorch_server.apiserver.streaming import Source
from edgeorch_server.apiserver.watch import EventEncoder, Start, Watches, start_of
from edgeorch_server.registry.registry import Registry
from edgeorch_server.store.base import Event, Watch
from edgeorch_server.store.memory import MemoryStore
from edgeorch_server.store.ring import RingLimits

TABLE = Representation(Shape.TABLE)


class NamePrinter:
    """Prints names only, and counts how often it is asked."""

    def __init__(self) -> None:
        self.printed = 0

    def columns(self, resource: ResourceInfo[Object]) -> list[dict[str, Any]]:
        return [{"name": f"{resource.kind} name"}]

    def cells(self, resource: ResourceInfo[Object], body: dict[str, Any]) -> list[Any]:
        assert body["kind"] == resource.kind
        self.printed += 1
        return [body["metadata"]["name"]]


class World:
    """A registry with ConfigMaps, and watches on them."""

    def __init__(self) -> None:
        self.store = MemoryStore(ring=RingLimits(events=20))
        self.registry = Registry(self.store, default_table())
        self.printer = NamePrinter()
        encoder = EventEncoder(Representations(self.printer))
        self.watches = Watches(self.registry, encoder, jitter=lambda: 0.5)

    async def put(self, name: str, namespace: str = "a", **labels: str) -> ConfigMap:
        there = {c.metadata.name: c for c in self.registry.list(CONFIG_MAPS, namespace)}.get(name)
        if there is None:
            meta = ObjectMeta(name=name, namespace=namespace, labels=labels)
            return await self.registry.create(CONFIG_MAPS, ConfigMap(metadata=meta))
        there.metadata.labels = labels
        return await self.registry.update(CONFIG_MAPS, there)

    async def delete(self, name: str) -> None:
        await self.registry.delete(CONFIG_MAPS, "a", name)

    def watch(self, query: str = "", how: Representation | None = None, namespace: str = "a") -> Watching:
        parsed = params.collection(QueryParams(f"watch=true&{query}"), CONFIG_MAPS, namespace)
        return Watching(self.watches.open(CONFIG_MAPS, parsed, how or Representation()))


class Watching:
    """Reads a watch's events one by one."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._chunks = aiter(source)
        self._events: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        while not self._events:
            self._events = [json.loads(line) for line in (await anext(self._chunks)).splitlines()]
        return self._events.pop(0)

    async def told(self) -> tuple[str, str]:
        event = await self.next()
        return event["type"], event["object"]["metadata"].get("name", "")

    async def rest(self) -> list[dict[str, Any]]:
        found = []
        while True:
            try:
                found.append(await self.next())
            except StopAsyncIteration:
                return found

    async def quiet(self) -> bool:
        """Say whether nothing is told in a virtual second."""
        try:
            async with asyncio.timeout(1):
                await self.next()
        except TimeoutError:
            return True
        return False


class LateWatch:
    """A watch on which something happens just as its reader gives up waiting for it."""

    def __init__(self, watch: Watch, world: World) -> None:
        self._watch = watch
        self._world = world
        self.stored = 0

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        try:
            return await anext(self._watch)
        except asyncio.CancelledError:
            if not self.stored:
                self.stored = int((await self._world.put("late")).metadata.resourceVersion)
            raise

    def close(self) -> None:
        self._watch.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    for name in ("a", "b"):
        await world.registry.create(NAMESPACES, Namespace(metadata=ObjectMeta(name=name)))
    yield world
    await world.store.close()


@pytest.mark.parametrize(
    ("version", "options", "start"),
    [
        ("", WatchOptions(), Start(initial=True)),
        ("", WatchOptions(bookmarks=True), Start(initial=True, marker=True)),
        ("0", WatchOptions(), Start(initial=True)),
        ("0", WatchOptions(bookmarks=True), Start(initial=True, marker=True)),
        ("7", WatchOptions(), Start(since=7)),
        ("", WatchOptions(bookmarks=True, send_initial_events=True), Start(initial=True, marker=True)),
        ("7", WatchOptions(bookmarks=True, send_initial_events=True), Start(initial=True, marker=True)),
        ("7", WatchOptions(bookmarks=False, send_initial_events=True), Start(initial=True)),
        ("", WatchOptions(bookmarks=True, send_initial_events=False), Start()),
        ("7", WatchOptions(bookmarks=True, send_initial_events=False), Start(since=7)),
    ],
)
def test_where_a_watch_begins(version: str, options: WatchOptions, start: Start) -> None:
    """The table of the API concepts, "The resourceVersion parameter" and "Streaming lists"."""
    assert start_of(version, options) == start


@pytest.mark.looptime
class TestEvents:
    @pytest.mark.parametrize("version", ["", "resourceVersion=0"])
    async def test_without_a_version_what_exists_comes_first(self, world: World, version: str) -> None:
        """As synthetic ADDED events, in the list's order, then changes."""
        await world.put("y")
        await world.put("x")
        watching = world.watch(version)
        await world.put("z")
        assert [await watching.told() for _ in range(3)] == [("ADDED", "x"), ("ADDED", "y"), ("ADDED", "z")]

    async def test_with_a_version_only_what_came_after(self, world: World) -> None:
        """A watch goes on exactly where the list ended."""
        first = await world.put("x")
        await world.put("x", color="red")
        await world.delete("x")
        watching = world.watch(f"resourceVersion={first.metadata.resourceVersion}")
        assert [await watching.told() for _ in range(2)] == [("MODIFIED", "x"), ("DELETED", "x")]
        assert await watching.quiet()

    async def test_events_carry_the_stored_object(self, world: World) -> None:
        """The object is what a GET would give, with the version to resume from."""
        watching = world.watch()
        stored = await world.put("x", color="red")
        event = await watching.next()
        assert event["object"]["metadata"]["resourceVersion"] == stored.metadata.resourceVersion
        assert event["object"]["metadata"]["labels"] == {"color": "red"}

    async def test_a_namespace_hears_nothing_of_others(self, world: World) -> None:
        """All namespaces hear of all."""
        one, everything = world.watch(namespace="b"), world.watch(namespace="")
        await world.put("x", "a")
        await world.put("y", "b")
        assert await one.told() == ("ADDED", "y")
        assert [await everything.told() for _ in range(2)] == [("ADDED", "x"), ("ADDED", "y")]

    async def test_a_selector_sees_objects_enter_and_leave(self, world: World) -> None:
        """Starting to match is ADDED, ceasing to is DELETED."""
        await world.put("x", color="blue")
        watching = world.watch("labelSelector=color%3Dred")
        await world.put("x", color="red")
        await world.put("x", color="red", size="big")
        await world.put("x", color="blue")
        await world.put("x", color="green")
        told = [await watching.told() for _ in range(3)]
        assert told == [("ADDED", "x"), ("MODIFIED", "x"), ("DELETED", "x")]
        assert await watching.quiet()

    async def test_one_object_can_be_watched(self, world: World) -> None:
        """``kubectl wait`` and ``delete`` select by name."""
        await world.put("y")
        watching = world.watch("fieldSelector=metadata.name%3Dx")
        await world.put("x")
        await world.put("y", color="red")
        await world.delete("x")
        assert [await watching.told() for _ in range(2)] == [("ADDED", "x"), ("DELETED", "x")]

    async def test_too_old_a_version_ends_with_410(self, world: World) -> None:
        """The one event is an ERROR with a Status Expired: clients list again."""
        for number in range(30):
            await world.put("x", number=str(number))
        (event,) = await world.watch("resourceVersion=1").rest()
        assert event["type"] == "ERROR"
        assert (event["object"]["kind"], event["object"]["code"]) == ("Status", 410)
        assert event["object"]["reason"] == "Expired"

    async def test_a_version_from_the_future_ends_with_410(self, world: World) -> None:
        """A client that knows more than the store (which lost soft writes in a crash) lists again."""
        (event,) = await world.watch("resourceVersion=1000000").rest()
        assert event["object"]["code"] == 410

    async def test_falling_behind_ends_with_410(self, world: World) -> None:
        """A watcher that does not read is not fed for ever."""
        watching = world.watch("resourceVersion=2")
        for number in range(1100):
            await world.put("x", number=str(number))
        event = await watching.next()
        assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


@pytest.mark.looptime
class TestBookmarks:
    async def test_come_once_a_minute_to_who_allows_them(self, world: World) -> None:
        """A quiet watch learns how far the store has come, so that it can resume from there."""
        watching = world.watch("allowWatchBookmarks=true&resourceVersion=2")
        await world.put("y", "b")
        event = await watching.next()
        assert asyncio.get_running_loop().time() == pytest.approx(60)
        assert event["type"] == "BOOKMARK"
        assert event["object"]["metadata"] == {"resourceVersion": str(world.registry.revision)}
        assert (event["object"]["kind"], event["object"]["apiVersion"]) == ("ConfigMap", "v1")
        await watching.next()
        assert asyncio.get_running_loop().time() == pytest.approx(120)

    async def test_do_not_come_to_others(self, world: World) -> None:
        """Until its time-out, a watch that allows no bookmarks hears of changes only."""
        assert await world.watch("timeoutSeconds=300").rest() == []

    async def test_never_go_back(self, world: World) -> None:
        """What a watch has told, a later bookmark does not take back."""
        stored = await world.put("x")
        watching = world.watch("allowWatchBookmarks=true")
        await watching.next()
        bookmark = await watching.next()
        assert int(bookmark["object"]["metadata"]["resourceVersion"]) >= int(stored.metadata.resourceVersion)

    async def test_name_nothing_that_was_not_told(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """An event in the very moment a bookmark is due comes first: who resumes from the bookmark has it."""
        late = LateWatch(world.store.watch("configmaps", since=2), world)
        monkeypatch.setattr(world.registry, "watch_entries", lambda *_args, **_more: late)
        watching = world.watch("allowWatchBookmarks=true&resourceVersion=2")
        told: list[int] = []
        while len(told) < 3:
            event = await watching.next()
            revision = int(event["object"]["metadata"]["resourceVersion"])
            assert event["type"] == "BOOKMARK" or revision > max(told, default=0)
            told.append(revision)
        assert late.stored in told

    async def test_one_comes_before_the_end(self, world: World) -> None:
        """So that the client need not list again when it reconnects."""
        events = await world.watch("resourceVersion=2&allowWatchBookmarks=true&timeoutSeconds=90").rest()
        assert [event["type"] for event in events] == ["BOOKMARK", "BOOKMARK"]
        assert asyncio.get_running_loop().time() == pytest.approx(90)


@pytest.mark.looptime
class TestStreamingList:
    QUERY = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"

    async def test_a_bookmark_ends_the_initial_events(self, world: World) -> None:
        """Everything there is, the marker, and then changes: a list and a watch in one."""
        await world.put("x")
        watching = world.watch(self.QUERY)
        assert await watching.told() == ("ADDED", "x")
        marker = await watching.next()
        assert marker["type"] == "BOOKMARK"
        assert marker["object"]["metadata"] == {
            "resourceVersion": str(world.store.revision),
            "annotations": {"k8s.io/initial-events-end": "true"},
        }
        await world.put("y")
        assert await watching.told() == ("ADDED", "y")

    async def test_an_empty_list_has_an_end_too(self, world: World) -> None:
        """The marker comes at once; clients wait for it."""
        marker = await world.watch(self.QUERY).next()
        assert marker["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert asyncio.get_running_loop().time() == 0

    async def test_it_can_be_declined(self, world: World) -> None:
        """``sendInitialEvents=false`` begins with what is new."""
        await world.put("x")
        watching = world.watch(self.QUERY.replace("true", "false", 1))
        await world.put("y")
        assert await watching.told() == ("ADDED", "y")


@pytest.mark.looptime
class TestEnds:
    async def test_the_client_may_say_when(self, world: World) -> None:
        """``timeoutSeconds`` ends the stream without an error."""
        assert await world.watch("timeoutSeconds=7").rest() == []
        assert asyncio.get_running_loop().time() == pytest.approx(7)

    async def test_else_it_ends_after_half_an_hour_to_an_hour(self, world: World) -> None:
        """Spread, so that not all clients come back at once."""
        assert await world.watch().rest() == []
        assert asyncio.get_running_loop().time() == pytest.approx(1800 * 1.5)

    async def test_closing_lets_go_of_the_store_even_unread(self, world: World) -> None:
        """A client that is gone before the first byte leaves no watch behind."""
        watching = world.watch()
        await watching.source.aclose()
        assert await watching.rest() == []

    async def test_a_closing_store_ends_watches(self, world: World) -> None:
        """Without an error: the server is going down in good order."""
        watching = world.watch()
        reading = asyncio.create_task(watching.rest())
        await asyncio.sleep(1)
        await world.store.close()
        assert await reading == []


@pytest.mark.looptime
class TestTables:
    async def test_each_event_is_a_table_and_the_first_has_columns(self, world: World) -> None:
        """``kubectl get -w`` keeps the columns of the first."""
        await world.put("x")
        watching = world.watch(how=TABLE)
        await world.put("x", color="red")
        first, second = await watching.next(), await watching.next()
        assert [event["object"]["kind"] for event in (first, second)] == ["Table", "Table"]
        assert first["object"]["columnDefinitions"] == [{"name": "ConfigMap name"}]
        assert second["object"]["columnDefinitions"] == []
        assert second["object"]["rows"][0]["cells"] == ["x"]

    async def test_an_event_is_encoded_once_for_all_watchers(self, world: World) -> None:
        """A hundred watchers of one event cost one row."""
        watchers = [world.watch("resourceVersion=2", TABLE) for _ in range(100)]
        await world.put("x")
        lines = [await watching.next() for watching in watchers]
        assert all(line == lines[0] for line in lines)
        assert world.printer.printed == 1

    async def test_an_error_stays_a_status(self, world: World) -> None:
        """A Status has no columns."""
        (event,) = await world.watch("resourceVersion=1000000", TABLE).rest()
        assert event["object"]["kind"] == "Status"
