"""The store against a model: any sequence of writes, crashes and restarts."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edgeorch.errors import AlreadyExists, Conflict, Expired, NotFound
from edgeorch.tinystore import JournalOptions
from edgeorch_server.store.base import Build, Draft, Durability, Entry, Watch
from edgeorch_server.store.journal_backend import BackendOptions
from edgeorch_server.store.memory import MemoryStore
from edgeorch_server.store.mvcc import MvccStore
from edgeorch_server.store.tinydb import TinyStore

T = TypeVar("T")
State = dict[tuple[str, str, str], tuple[int, bytes]]

keys = st.tuples(
    st.sampled_from(["pods", "nodes"]), st.sampled_from(["", "a", "b"]), st.sampled_from(["x", "y", "z"])
)
durabilities = st.sampled_from(Durability)
expectations = st.sampled_from(["none", "zero", "right", "wrong"])


def build(namespace: str, name: str, size: int) -> Build:
    def encode(revision: int) -> Draft:
        meta = {"namespace": namespace, "name": name, "resourceVersion": str(revision)}
        return Draft(json.dumps({"metadata": meta, "data": "x" * size}).encode(), "", {}, {})

    return encode


def fail(error: BaseException) -> None:
    raise AssertionError("the disk is fine") from error


class StoreModel(RuleBasedStateMachine):
    """What every store must do. ``states`` remembers the contents at each revision."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.store = self.run(self.open())
        self.state: State = {}
        self.states: dict[int, State] = {self.store.revision: {}}
        self.reach = self.store.revision
        """The oldest revision of this store's life: what came before a restart is gone."""
        self.safe = self.store.revision
        """Newest revision that was acknowledged as durable."""
        self.watch: Watch | None = None
        self.watched: State = {}

    def run(self, coroutine: Awaitable[T]) -> T:
        async def limited() -> T:
            return await asyncio.wait_for(coroutine, 10)

        return self.runner.run(limited())

    async def open(self) -> MvccStore:
        return MemoryStore()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.run(self.store.close())
            self.runner.close()
            shutil.rmtree(self.folder)

    def expected(self, key: tuple[str, str, str], expectation: str) -> int | None:
        stored = self.state.get(key, (0, b""))[0]
        return {"none": None, "zero": 0, "right": stored, "wrong": stored + 1}[expectation]

    @rule(key=keys, expectation=expectations, durability=durabilities, size=st.sampled_from([1, 600]))
    def put(self, key: tuple[str, str, str], expectation: str, durability: Durability, size: int) -> None:
        resource, namespace, name = key
        expected = self.expected(key, expectation)

        async def write() -> Entry:
            return self.store.put(
                resource,
                namespace,
                name,
                build(namespace, name, size),
                expected=expected,
                durability=durability,
            )

        before = self.store.revision
        try:
            entry = self.run(write())
        except AlreadyExists:
            assert expected == 0
            assert key in self.state
        except Conflict:
            assert expectation != "right"
            assert expected != self.state.get(key, (0, b""))[0]
        else:
            assert expected in {None, self.state.get(key, (0, b""))[0]}
            assert entry.revision == before + 1
            self.remember(key, (entry.revision, entry.data))

    @rule(key=keys, expectation=expectations, durability=durabilities)
    def delete(self, key: tuple[str, str, str], expectation: str, durability: Durability) -> None:
        resource, namespace, name = key
        expected = self.expected(key, expectation)

        async def write() -> Entry:
            return self.store.delete(
                resource, namespace, name, build(namespace, name, 1), expected=expected, durability=durability
            )

        try:
            self.run(write())
        except NotFound:
            assert key not in self.state
        except Conflict:
            assert expected not in {None, self.state[key][0]}
        else:
            self.remember(key, None)

    def remember(self, key: tuple[str, str, str], value: tuple[int, bytes] | None) -> None:
        self.state = {k: v for k, v in self.state.items() if k != key} | ({key: value} if value else {})
        self.states[self.store.revision] = self.state

    @rule()
    def begin_to_watch(self) -> None:
        async def watch() -> Watch:
            return self.store.watch("pods", since=self.store.revision)

        self.watch = self.run(watch())
        self.watched = self.pods()

    @rule()
    def settle(self) -> None:
        """After everything is committed, a watcher has the same picture as a reader."""
        newest = self.store.revision
        self.run(self.store.committed(newest))
        assert self.store.committed_revision == newest
        self.acknowledged()
        if self.watch is None:
            return
        since = max([0, *(revision for revision, _ in self.watched.values())])
        while self.watched != self.pods():
            event = self.run(anext(self.watch))
            assert event.entry.revision > since
            since = event.entry.revision
            key = (event.resource, event.entry.namespace, event.entry.name)
            before = self.watched.pop(key, None)
            assert (event.previous and event.previous.revision) == (before and before[0])
            if event.type != "DELETED":
                self.watched[key] = (event.entry.revision, event.entry.data)

    @rule(namespace=st.sampled_from([None, "", "a", "b"]), back=st.integers(0, 30))
    def read_the_past(self, namespace: str | None, back: int) -> None:
        """Read as of a revision: what it was then, committed or not; from before a restart it is Expired."""
        revision, state = list(self.states.items())[-1 - back % len(self.states)]
        if revision < self.reach:
            with pytest.raises(Expired):
                self.store.list("pods", namespace, at=revision)
            return
        listed = [
            ((e.namespace, e.name), (e.revision, e.data))
            for e in self.store.list("pods", namespace, at=revision)
        ]
        assert listed == [
            ((key[1], key[2]), value)
            for key, value in sorted(state.items())
            if key[0] == "pods" and namespace in {None, key[1]}
        ]

    def acknowledged(self) -> None:
        """Take note that all is committed; what was soft may not be on the disk."""

    def pods(self) -> State:
        return {key: value for key, value in self.state.items() if key[0] == "pods"}

    @invariant()
    def reads_are_those_of_a_dict(self) -> None:
        if not hasattr(self, "store"):
            return
        listed = {
            (resource, e.namespace, e.name): (e.revision, e.data)
            for resource in ("pods", "nodes")
            for e in self.store.list(resource)
        }
        assert listed == self.state
        assert self.store.count("pods") == len(self.pods())


class TinyStoreModel(StoreModel):
    """The same with a disk: closed in good order and killed at any moment."""

    async def open(self) -> MvccStore:
        return await TinyStore.open(
            self.folder,
            lambda _resource, _object: {},
            backend=BackendOptions(revision_block=100),
            journal=JournalOptions(chunk=4096, compact_at=4096),
            fail=fail,
        )

    def acknowledged(self) -> None:
        """Take note of the newest durable write: all before it is on the disk with it."""
        self.safe = max(self.safe, self.newest_durable)

    @initialize()
    def nothing_is_durable_yet(self) -> None:
        self.newest_durable = 0

    @rule(key=keys, expectation=expectations, durability=durabilities, size=st.sampled_from([1, 600]))
    def put(self, key: tuple[str, str, str], expectation: str, durability: Durability, size: int) -> None:
        before = self.store.revision
        super().put(key, expectation, durability, size)
        self.note(before, durability)

    @rule(key=keys, expectation=expectations, durability=durabilities)
    def delete(self, key: tuple[str, str, str], expectation: str, durability: Durability) -> None:
        before = self.store.revision
        super().delete(key, expectation, durability)
        self.note(before, durability)

    def note(self, before: int, durability: Durability) -> None:
        if self.store.revision > before and durability is Durability.DURABLE:
            self.newest_durable = self.store.revision

    @rule()
    def restart(self) -> None:
        """Close in good order: nothing changes, not even the revision."""
        revision = self.store.revision
        self.run(self.store.close())
        self.store = self.run(self.open())
        assert self.store.revision == revision
        self.safe = self.reach = revision
        self.watch = None

    @rule()
    def kill(self) -> None:
        """Crash: the state is that of a revision no older than the last acknowledged durable write."""
        newest = self.store.revision
        killed = Path(tempfile.mkdtemp())
        # No event loop runs now, so at most one commit is on its way, and no compaction moves files.
        self.run(self.no_compaction())
        shutil.copytree(self.folder, killed, dirs_exist_ok=True)
        self.run(self.store.close())
        shutil.rmtree(self.folder)
        self.folder = killed
        self.store = self.run(self.open())
        assert self.store.revision >= newest
        found = {
            (resource, e.namespace, e.name): (e.revision, e.data)
            for resource in ("pods", "nodes")
            for e in self.store.list(resource)
        }
        assert found in [state for revision, state in self.states.items() if revision >= self.safe]
        self.state = found
        self.states = {self.store.revision: found}
        self.safe = self.reach = self.store.revision
        self.watch = None

    async def no_compaction(self) -> None:
        backend = self.store._backend
        compactor = getattr(backend, "_compactor", None)
        if compactor:
            await compactor


TestMemoryStoreModel = StoreModel.TestCase
TestMemoryStoreModel.settings = settings(deadline=None, max_examples=30, stateful_step_count=30)
TestTinyStoreModel = TinyStoreModel.TestCase
TestTinyStoreModel.settings = settings(deadline=None, max_examples=15, stateful_step_count=30)
