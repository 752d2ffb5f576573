"""The contract of :mod:`edgeorch_server.store.base`, for every implementation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from edgeorch.errors import AlreadyExists, Conflict, Expired, NotFound, ServiceUnavailable
from edgeorch_server.store.base import Build, Draft, Durability, Event, EventType, Owner, Store, Watch
from edgeorch_server.store.memory import MemoryStore
from edgeorch_server.store.owners import read_owners
from edgeorch_server.store.ring import RingLimits
from edgeorch_server.store.tinydb import TinyStore

SMALL_RING = RingLimits(events=8, size=1 << 20)

Maker = Callable[[Path], Awaitable[Store]]


async def memory(_: Path) -> Store:
    return MemoryStore(ring=SMALL_RING)


async def tiny(folder: Path) -> Store:
    return await TinyStore.open(folder / "store", lambda _resource, _object: {}, ring=SMALL_RING)


@pytest.fixture(params=[memory, tiny])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    make: Maker = request.param
    made = await make(tmp_path)
    yield made
    await made.close()


def encode(namespace: str, name: str, *, uid: str = "u", node: str = "", **labels: str) -> Build:
    def build(revision: int) -> Draft:
        body = {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": uid,
                "resourceVersion": str(revision),
                "labels": labels,
            },
            "spec": {"nodeName": node},
        }
        return Draft(json.dumps(body).encode(), uid, labels, {"spec.nodeName": node})

    return build


def put(
    store: Store,
    name: str,
    namespace: str = "default",
    *,
    expected: int | None = None,
    durability: Durability = Durability.DURABLE,
    resource: str = "pods",
    **labels: str,
) -> int:
    build = encode(namespace, name, **labels)
    return store.put(resource, namespace, name, build, expected=expected, durability=durability).revision


def delete(store: Store, name: str, namespace: str = "default", *, expected: int | None = None) -> int:
    return store.delete("pods", namespace, name, encode(namespace, name), expected=expected).revision


async def take(watch: Watch, count: int) -> list[Event]:
    async with asyncio.timeout(10):
        return [await anext(watch) for _ in range(count)]


def brief(events: list[Event]) -> list[tuple[str, str, int]]:
    return [(e.type.value, e.entry.name, e.entry.revision) for e in events]


class TestOwners:
    @staticmethod
    def put(store: Store, name: str, *owners: str, resource: str = "pods") -> None:
        references = [
            {"uid": uid, "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "set", "controller": True}
            for uid in owners
        ]

        def build(revision: int) -> Draft:
            meta = {"name": name, "resourceVersion": str(revision), "ownerReferences": references}
            data = json.dumps({"metadata": meta}).encode()
            return Draft(data, "u", {}, {}, read_owners(meta))

        store.put(resource, "", name, build)

    async def test_what_belongs_to_an_owner_is_found(self, store: Store) -> None:
        """Dependents are found by their owner's uid, per kind and over all kinds."""
        self.put(store, "b", "one")
        self.put(store, "a", "one", "two")
        self.put(store, "c", "one", resource="jobs")
        self.put(store, "d")
        assert [entry.name for entry in store.owned("pods", "one")] == ["a", "b"]
        assert [entry.name for entry in store.owned("pods", "two")] == ["a"]
        assert [(kind, e.name) for kind, e in store.dependents("one")] == [
            ("pods", "a"),
            ("pods", "b"),
            ("jobs", "c"),
        ]
        assert store.owned("nodes", "one") == store.owned("pods", "three") == []

    async def test_an_owner_that_changes(self, store: Store) -> None:
        """Adoption, release and deletion show at once."""
        self.put(store, "a", "one")
        self.put(store, "a", "two")
        self.put(store, "b", "two")
        assert (store.owned("pods", "one"), len(store.owned("pods", "two"))) == ([], 2)
        store.delete("pods", "", "b", lambda _: Draft(b"{}", "u", {}, {}))
        self.put(store, "a")
        assert store.dependents("two") == []

    async def test_orphans(self, store: Store) -> None:
        """What no controller manages can be adopted; a mere owner does not count."""
        self.put(store, "managed", "one")
        self.put(store, "free")
        owned = Owner("two", "v1", "Node", "n")
        store.put("pods", "", "owned", lambda _: Draft(b"{}", "u", {}, {}, (owned,)))
        store.put("pods", "elsewhere", "free", lambda _: Draft(b"{}", "u", {}, {}))
        assert [entry.name for entry in store.orphans("pods", "")] == ["free", "owned"]
        self.put(store, "free", "one")
        store.delete("pods", "", "owned", lambda _: Draft(b"{}", "u", {}, {}))
        assert store.orphans("pods", "") == store.orphans("nodes", "") == []
        assert len(store.orphans("pods", "elsewhere")) == 1

    async def test_the_controller_is_told_from_other_owners(self, store: Store) -> None:
        """At most one owner manages an object."""
        self.put(store, "a", "one")
        entry = store.owned("pods", "one")[0]
        assert entry.controller == Owner("one", "apps/v1", "ReplicaSet", "set", controller=True)
        self.put(store, "a")
        assert store.list("pods")[0].controller is None


async def test_owners_are_known_again_after_a_restart(tmp_path: Path) -> None:
    """What a store reads back from its disk is indexed as what was written."""
    async with await TinyStore.open(tmp_path / "store", lambda _resource, _object: {}) as store:
        TestOwners.put(store, "a", "one")
        await store.committed(store.revision)
    async with await TinyStore.open(tmp_path / "store", lambda _resource, _object: {}) as store:
        assert [entry.name for entry in store.owned("pods", "one")] == ["a"]


class TestRevisions:
    async def test_each_write_gets_the_next_revision(self, store: Store) -> None:
        """One integer counts every change of the whole store, across resources, and deletions too."""
        before = store.revision
        made = [put(store, "a"), put(store, "b", resource="nodes"), put(store, "a"), delete(store, "a")]
        assert made == [before + 1, before + 2, before + 3, before + 4]
        assert store.revision == before + 4

    async def test_the_build_is_told_the_revision_of_its_entry(self, store: Store) -> None:
        """An object is encoded with the revision it is going to have."""
        entry = store.put("pods", "default", "a", encode("default", "a"))
        assert json.loads(entry.data)["metadata"]["resourceVersion"] == str(entry.revision)

    async def test_a_failed_build_changes_nothing(self, store: Store) -> None:
        """A write that cannot be encoded uses up no revision."""
        before = store.revision

        def broken(_: int) -> Draft:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            store.put("pods", "default", "a", broken)
        assert (store.revision, store.count("pods")) == (before, 0)
        assert put(store, "a") == before + 1

    async def test_a_refused_write_uses_up_no_revision(self, store: Store) -> None:
        """Only changes count."""
        revision = put(store, "a")
        with pytest.raises(Conflict):
            put(store, "a", expected=revision + 7)
        assert store.revision == revision


class TestReads:
    async def test_a_write_is_visible_to_reads_at_once(self, store: Store) -> None:
        """Reads see writes that are not committed yet."""
        entry = store.put("pods", "default", "a", encode("default", "a", uid="7", node="pi-1", app="web"))
        assert store.get("pods", "default", "a") == entry
        assert (entry.uid, entry.labels, entry.fields) == ("7", {"app": "web"}, {"spec.nodeName": "pi-1"})
        delete(store, "a")
        assert store.get("pods", "default", "a") is None

    async def test_what_is_not_there_is_none(self, store: Store) -> None:
        """Reading an unknown object, namespace or resource is no error."""
        assert store.get("pods", "default", "a") is None
        assert list(store.list("pods")) == list(store.list("pods", "default")) == []
        assert store.count("pods") == 0

    async def test_lists_are_sorted_by_namespace_and_name(self, store: Store) -> None:
        """Order is that of the pair, not of the joined text: ``a/z`` comes before ``a-b/c``."""
        for namespace, name in [("b", "a"), ("a-b", "c"), ("a", "z"), ("", "n"), ("a", "b"), ("a.b", "x")]:
            put(store, name, namespace)
        assert [(e.namespace, e.name) for e in store.list("pods")] == [
            ("", "n"),
            ("a", "b"),
            ("a", "z"),
            ("a-b", "c"),
            ("a.b", "x"),
            ("b", "a"),
        ]

    async def test_a_list_of_one_namespace_holds_only_its_objects(self, store: Store) -> None:
        """A namespace whose name is a prefix of another's is told apart from it."""
        for namespace in ("a", "aa", "a-a", "a.a", ""):
            put(store, "x", namespace)
        assert [e.namespace for e in store.list("pods", "a")] == ["a"]
        assert [e.namespace for e in store.list("pods", "")] == [""]

    async def test_resources_do_not_see_each_other(self, store: Store) -> None:
        """Objects of the same name under two resources are two objects."""
        put(store, "a")
        put(store, "a", resource="configmaps")
        delete(store, "a")
        assert (store.count("pods"), store.count("configmaps")) == (0, 1)

    async def test_a_list_taken_is_not_changed_by_later_writes(self, store: Store) -> None:
        """A reader may keep its list across awaits."""
        put(store, "a")
        taken = store.list("pods")
        put(store, "b")
        delete(store, "a")
        assert [e.name for e in taken] == ["a"]

    async def test_the_past_can_be_listed(self, store: Store) -> None:
        """A list as of a revision shows what was there then: what came later is not, what went later is."""
        for name in "ace":
            put(store, name, v="1")
        then = store.revision
        put(store, "b")
        put(store, "c", v="2")
        delete(store, "a")
        put(store, "a", v="3")
        delete(store, "e")
        past = store.list("pods", at=then)
        assert [(e.name, e.labels) for e in past] == [(name, {"v": "1"}) for name in "ace"]
        assert [e.name for e in store.list("pods", "default", at=then)] == ["a", "c", "e"]
        assert store.list("pods", "other", at=then) == []
        assert [e.name for e in store.list("pods", at=store.revision)] == ["a", "b", "c"]

    async def test_the_past_ends_where_the_ring_does(self, store: Store) -> None:
        """As far back as a watch could go on from, a list can be made; before and after that it is Expired."""
        first = put(store, "a")
        for _ in range(8):
            put(store, "b")
        assert [e.name for e in store.list("pods", at=first)] == ["a"]
        put(store, "b")
        await store.committed(store.revision)
        with pytest.raises(Expired, match="too old resource version"):
            store.list("pods", at=first)
        with pytest.raises(Expired, match="too large resource version"):
            store.list("pods", at=store.revision + 1)


class TestOptimisticConcurrency:
    async def test_expected_zero_creates_only(self, store: Store) -> None:
        """``expected=0`` means "must not exist", else AlreadyExists."""
        put(store, "a", expected=0)
        with pytest.raises(AlreadyExists, match='pods "default/a" already exists'):
            put(store, "a", expected=0)

    async def test_the_stored_revision_replaces(self, store: Store) -> None:
        """A write that names the stored revision goes through."""
        first = put(store, "a")
        assert put(store, "a", expected=first) == first + 1

    async def test_another_revision_conflicts(self, store: Store) -> None:
        """A write on top of an older version is refused, and what is stored stays."""
        first = put(store, "a")
        second = put(store, "a")
        with pytest.raises(Conflict):
            put(store, "a", expected=first)
        with pytest.raises(Conflict):
            delete(store, "a", expected=first)
        entry = store.get("pods", "default", "a")
        assert entry is not None
        assert entry.revision == second

    async def test_a_revision_expected_of_nothing_conflicts(self, store: Store) -> None:
        """An update of an object that has gone is Conflict, not a create."""
        with pytest.raises(Conflict):
            put(store, "a", expected=1)
        assert store.count("pods") == 0

    async def test_no_expectation_overwrites(self, store: Store) -> None:
        """``None`` means "whatever is there", nothing included."""
        put(store, "a")
        put(store, "a")
        assert store.count("pods") == 1

    async def test_deleting_nothing_is_not_found(self, store: Store) -> None:
        """Delete raises NotFound, whatever was expected."""
        with pytest.raises(NotFound):
            delete(store, "a")
        with pytest.raises(NotFound):
            delete(store, "a", expected=3)

    async def test_a_name_can_be_used_again(self, store: Store) -> None:
        """Create after delete is a new object; the old revision does not fit it."""
        old = put(store, "a", expected=0)
        delete(store, "a", expected=old)
        put(store, "a", expected=0)
        with pytest.raises(Conflict):
            put(store, "a", expected=old)


class TestCommitted:
    async def test_committed_returns_once_everything_up_to_it_is_committed(self, store: Store) -> None:
        """After ``committed(r)``, ``committed_revision`` is at least r."""
        revisions = [put(store, str(n)) for n in range(20)]
        async with asyncio.timeout(10):
            await asyncio.gather(*(store.committed(revision) for revision in reversed(revisions)))
        assert store.committed_revision == store.revision == revisions[-1]

    async def test_the_committed_revision_never_passes_the_newest(self, store: Store) -> None:
        """A bookmark never names a revision that does not exist."""
        for n in range(5):
            put(store, str(n), durability=[Durability.DURABLE, Durability.SOFT][n % 2])
            assert store.committed_revision <= store.revision

    async def test_soft_writes_alone_are_committed_at_once(self, store: Store) -> None:
        """A soft write waits for nothing but durable writes before it."""
        revision = put(store, "a", durability=Durability.SOFT)
        assert store.committed_revision == revision

    async def test_a_cancelled_waiter_disturbs_nobody(self, store: Store) -> None:
        """Cancelling ``committed()`` neither undoes the write nor loses another waiter's wake-up."""
        revision = put(store, "a")
        one = asyncio.ensure_future(store.committed(revision))
        other = asyncio.ensure_future(store.committed(revision))
        await asyncio.sleep(0)
        one.cancel()
        async with asyncio.timeout(10):
            await other
        assert store.committed_revision == revision


class TestWatch:
    async def test_a_watch_shows_what_happened_since(self, store: Store) -> None:
        """Events after ``since`` come in revision order, each with the version before it."""
        since = put(store, "a", v="1")
        put(store, "a", v="2")
        put(store, "b")
        delete(store, "a")
        with store.watch("pods", since=since) as watch:
            events = await take(watch, 3)
        assert brief(events) == [
            ("MODIFIED", "a", since + 1),
            ("ADDED", "b", since + 2),
            ("DELETED", "a", since + 3),
        ]
        assert [e.previous.revision if e.previous else None for e in events] == [since, None, since + 1]

    async def test_history_and_live_events_join_without_gap_or_repeat(self, store: Store) -> None:
        """A watch that starts in the past goes on with what comes."""
        since = put(store, "a")
        await store.committed(put(store, "b"))
        with store.watch("pods", since=since) as watch:
            put(store, "c")
            put(store, "d")
            assert [e.entry.name for e in await take(watch, 3)] == ["b", "c", "d"]

    async def test_without_since_it_starts_now(self, store: Store) -> None:
        """Earlier writes are not shown, not even those on their way to the disk."""
        put(store, "a")
        with store.watch("pods") as watch:
            put(store, "b")
            assert brief(await take(watch, 1)) == [("ADDED", "b", store.revision)]

    async def test_a_watch_from_an_uncommitted_list_shows_nothing_twice(self, store: Store) -> None:
        """A list is as of ``revision``; a watch from there starts after what the list showed."""
        put(store, "a")
        with store.watch("pods", since=store.revision) as watch:
            put(store, "b")
            assert [e.entry.name for e in await take(watch, 1)] == ["b"]

    async def test_events_are_shown_once_committed(self, store: Store) -> None:
        """At the moment an event arrives, its revision is committed."""
        with store.watch("pods") as watch:
            for n in range(50):
                put(store, str(n))
            for _ in range(50):
                [event] = await take(watch, 1)
                assert event.entry.revision <= store.committed_revision

    async def test_a_soft_write_is_not_shown_before_the_durable_one_it_follows(self, store: Store) -> None:
        """Revision order holds across durability classes."""
        with store.watch("pods") as watch:
            put(store, "a")
            put(store, "b", durability=Durability.SOFT)
            put(store, "c")
            assert [e.entry.name for e in await take(watch, 3)] == ["a", "b", "c"]

    async def test_a_watch_sees_its_resource_and_namespace_only(self, store: Store) -> None:
        """Other kinds and namespaces do not pass, live or from history."""
        since = put(store, "x")
        for namespace in ("default", "other"):
            put(store, "a", namespace)
            put(store, "a", namespace, resource="configmaps")
        await store.committed(store.revision)
        with store.watch("pods", "other", since=since) as watch:
            put(store, "b")
            put(store, "b", "other")
            events = await take(watch, 2)
        assert [(e.resource, e.entry.namespace, e.entry.name) for e in events] == [
            ("pods", "other", "a"),
            ("pods", "other", "b"),
        ]

    async def test_all_watchers_see_the_same_entry(self, store: Store) -> None:
        """Event bytes are encoded once, whatever the number of watchers."""
        with store.watch("pods") as one, store.watch("pods") as two:
            put(store, "a")
            [first], [second] = await take(one, 1), await take(two, 1)
        assert first.entry.data is second.entry.data

    async def test_too_old_is_expired(self, store: Store) -> None:
        """A watch from before the ring's reach is Expired, at its floor it still works."""
        since = put(store, "a")
        for n in range(SMALL_RING.events + 1):
            put(store, str(n))
        await store.committed(store.revision)
        with pytest.raises(Expired, match="too old"):
            store.watch("pods", since=since)
        with store.watch("pods", since=since + 1) as watch:
            assert len(await take(watch, SMALL_RING.events)) == SMALL_RING.events

    async def test_newer_than_the_store_is_expired(self, store: Store) -> None:
        """A revision from the future (another store, a restored one) is Expired."""
        with pytest.raises(Expired, match="too large"):
            store.watch("pods", since=store.revision + 1)

    async def test_a_reader_that_falls_behind_is_expired(self, store: Store) -> None:
        """An overflowing queue ends that watch with Expired and no other."""
        with store.watch("pods", queue=3) as slow, store.watch("pods") as good:
            for n in range(4):
                put(store, str(n))
            assert len(await take(good, 4)) == 4
            with pytest.raises(Expired):
                await take(slow, 1)
            with pytest.raises(Expired):
                await take(slow, 1)

    async def test_a_full_queue_is_not_an_overflow(self, store: Store) -> None:
        """A queue holds exactly as many events as it was asked to."""
        with store.watch("pods", queue=3) as watch:
            for n in range(3):
                put(store, str(n))
            await store.committed(store.revision)
            assert len(await take(watch, 3)) == 3

    async def test_a_queue_is_bounded_in_bytes(self, store: Store) -> None:
        """A reader that stands still costs no more memory than the ring, however large the objects are."""
        large = "x" * (SMALL_RING.size // 2)
        with store.watch("pods") as slow, store.watch("pods") as good:
            for n in range(3):
                put(store, str(n), large=large)
                await store.committed(store.revision)
                assert len(await take(good, 1)) == 1
            with pytest.raises(Expired):
                await take(slow, 1)

    async def test_an_event_larger_than_the_queue_is_told(self, store: Store) -> None:
        """Who has read everything before gets it."""
        with store.watch("pods") as watch:
            put(store, "a", large="x" * 2 * SMALL_RING.size)
            assert [event.entry.name for event in await take(watch, 1)] == ["a"]

    async def test_history_longer_than_the_queue_is_no_overflow(self, store: Store) -> None:
        """Resuming from far back is not falling behind."""
        since = store.revision
        for n in range(SMALL_RING.events):
            put(store, str(n))
        await store.committed(store.revision)
        with store.watch("pods", since=since, queue=1) as watch:
            put(store, "live")
            assert len(await take(watch, SMALL_RING.events + 1)) == SMALL_RING.events + 1

    async def test_close_ends_a_waiting_reader(self, store: Store) -> None:
        """Iteration ends when the watch is closed, also under a reader that waits; twice is fine."""
        watch = store.watch("pods")
        reader = asyncio.ensure_future(_collect(watch))
        await asyncio.sleep(0)
        watch.close()
        watch.close()
        async with asyncio.timeout(10):
            assert await reader == []

    async def test_a_cancelled_reader_loses_nothing(self, store: Store) -> None:
        """A time-out around ``anext`` (as for bookmarks) may be followed by another ``anext``."""
        with store.watch("pods") as watch:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(watch), 0.001)
            put(store, "a")
            assert [e.entry.name for e in await take(watch, 1)] == ["a"]

    async def test_deleted_carries_the_last_state_under_a_new_revision(self, store: Store) -> None:
        """As in Kubernetes, a DELETED event's object has the deletion's revision."""
        made = put(store, "a")
        with store.watch("pods", since=made) as watch:
            gone = delete(store, "a")
            [event] = await take(watch, 1)
        assert event.type is EventType.DELETED
        assert event.entry.revision == gone == made + 1
        assert json.loads(event.entry.data)["metadata"]["resourceVersion"] == str(gone)


class TestClose:
    async def test_close_commits_what_was_written(self, store: Store) -> None:
        """Nobody who waits for a write is left alone by a close."""
        revision = put(store, "a")
        waiter = asyncio.ensure_future(store.committed(revision))
        await asyncio.sleep(0)
        await store.close()
        async with asyncio.timeout(10):
            await waiter

    async def test_close_ends_watches(self, store: Store) -> None:
        """Readers come to an end by themselves."""
        reader = asyncio.ensure_future(_collect(store.watch("pods")))
        await asyncio.sleep(0)
        await store.close()
        async with asyncio.timeout(10):
            await reader

    async def test_a_closed_store_refuses_writes_and_reads_on(self, store: Store) -> None:
        """During shutdown requests get 503, not a write that goes nowhere; close can be called twice."""
        put(store, "a")
        await store.close()
        await store.close()
        with pytest.raises(ServiceUnavailable):
            put(store, "b")
        with pytest.raises(ServiceUnavailable):
            delete(store, "a")
        assert [e.name for e in store.list("pods")] == ["a"]


async def _collect(watch: Watch) -> list[Event]:
    return [event async for event in watch]
