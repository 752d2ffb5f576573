"""What only a store with a disk has: soft writes, revisions across restarts, failures."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tinydb import TinyDB, where

from edgeorch.errors import Expired, InsufficientStorage, ServiceUnavailable
from edgeorch.tinystore import DamagedStore, Disk, JournalOptions, StoreInUse
from edgeorch.tinystore.disk import DiskFile
from edgeorch.tinystore.recovery import recover
from edgeorch_server.store.base import Draft, Durability
from edgeorch_server.store.journal_backend import META_TABLE, BackendOptions
from edgeorch_server.store.tinydb import TinyStore
from tests.fakes.disk import SmallDisk
from tests.fakes.eventually import eventually

SOFT, DURABLE = Durability.SOFT, Durability.DURABLE


def node_of(_: str, obj: Mapping[str, Any]) -> dict[str, str]:
    return {"spec.nodeName": obj["spec"]["nodeName"]}


def put(store: TinyStore, name: str, value: str = "", durability: Durability = DURABLE) -> int:
    def build(revision: int) -> Draft:
        meta = {"namespace": "default", "name": name, "uid": "u-" + name, "resourceVersion": str(revision)}
        body = {"metadata": {**meta, "labels": {"app": name}}, "spec": {"nodeName": value}}
        return Draft(json.dumps(body).encode(), "u-" + name, {"app": name}, {"spec.nodeName": value})

    return store.put("pods", "default", name, build, durability=durability).revision


def accepted(store: TinyStore) -> bool:
    """Try a soft write; False if the store asks to come back later."""
    try:
        put(store, "b", "", SOFT)
    except ServiceUnavailable as later:
        if later.retry_after == 1:
            return False
        raise
    return True


def no_fail(error: BaseException) -> None:
    raise AssertionError("the disk is fine") from error


@asynccontextmanager
async def opened(folder: Path, **options: Any) -> AsyncIterator[TinyStore]:
    options.setdefault("fail", no_fail)
    async with await TinyStore.open(folder, node_of, **options) as store:
        yield store


def killed(folder: Path) -> Path:
    """Copy what would be left if the process died now. Not while a compaction moves files."""
    copy = folder.with_name(folder.name + "-killed")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    return copy


def on_disk(folder: Path) -> dict[str, str]:
    """Give the value of each pod that is on the disk."""
    pods = recover(killed(folder)).tables.get("pods", {}).values()
    return {o["metadata"]["name"]: o["spec"]["nodeName"] for o in map(json.loads, pods)}


def last_written(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def reserved_on_disk(folder: Path) -> int:
    [meta] = recover(killed(folder)).tables[META_TABLE].values()
    return int(json.loads(meta)["reservedRevision"])


class GatedDisk(Disk):
    """A disk whose writes wait while it is shut."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self._waiting = threading.Event()

    def create(self, path: Path) -> DiskFile:
        return _GatedFile(self, path)

    def shut(self) -> None:
        self._waiting.clear()
        self.gate.clear()

    async def has_a_write_waiting(self) -> None:
        assert await asyncio.to_thread(self._waiting.wait, 10)

    def pass_gate(self) -> None:
        self._waiting.set()
        assert self.gate.wait(10)


class _GatedFile(DiskFile):
    def __init__(self, disk: GatedDisk, path: Path) -> None:
        super().__init__(path, create=True)
        self._disk = disk

    def write(self, data: bytes, offset: int) -> None:
        self._disk.pass_gate()
        super().write(data, offset)


class TestRestart:
    async def test_everything_comes_back(self, tmp_path: Path) -> None:
        """Objects are read back with revision, uid, labels and selectable fields, byte for byte."""
        async with opened(tmp_path) as store:
            put(store, "a", "pi-1")
            put(store, "b", "pi-2", SOFT)
            before = list(store.list("pods"))
        async with opened(tmp_path) as store:
            assert list(store.list("pods")) == before

    async def test_after_a_clean_close_revisions_go_on_without_a_gap(self, tmp_path: Path) -> None:
        """Clients that resume their watches after an upgrade need not list again."""
        async with opened(tmp_path) as store:
            revision = put(store, "a")
        async with opened(tmp_path) as store:
            assert store.revision == revision
            with store.watch("pods", since=revision) as watch:
                assert put(store, "b") == revision + 1
                assert (await anext(watch)).entry.name == "b"

    async def test_after_a_crash_no_revision_is_used_twice(self, tmp_path: Path) -> None:
        """A soft write that was seen and lost leaves its revision behind; resuming from it is Expired."""
        async with opened(tmp_path / "s") as store:
            await store.committed(put(store, "a"))
            seen = put(store, "a", "seen", SOFT)
            copy = killed(tmp_path / "s")
        async with opened(copy) as store:
            assert [e.fields["spec.nodeName"] for e in store.list("pods")] == [""]
            assert put(store, "b") > seen
            with pytest.raises(Expired):
                store.watch("pods", since=seen)

    async def test_revisions_stay_unique_across_many_crashes(self, tmp_path: Path) -> None:
        """Each start reserves anew, also when the one before crashed at once or used up several blocks."""
        folder, newest = tmp_path / "0", 0
        for n in range(4):
            async with opened(folder, backend=BackendOptions(revision_block=8)) as store:
                assert store.revision >= newest
                for k in range(9 * n):
                    newest = put(store, "a", str(k), SOFT)
                    if store.revision % 3 == 0:
                        await store.committed(put(store, "b"))
                        newest = store.revision
                copied = killed(folder)
            folder = copied.rename(tmp_path / str(n + 1))

    async def test_stock_tinydb_reads_the_objects(self, tmp_path: Path) -> None:
        """The snapshot is a TinyDB file: one table per resource, one document per object."""
        async with opened(tmp_path, journal=JournalOptions(compact_at=1)) as store:
            for n in range(5):
                await store.committed(put(store, f"p{n}", f"pi-{n}"))
        with TinyDB(tmp_path / "tinydb.json") as db:
            [found] = db.table("pods").search(where("spec").nodeName == "pi-0")
            assert found["metadata"]["name"] == "p0"

    async def test_a_name_used_again_within_one_commit_is_one_object(self, tmp_path: Path) -> None:
        """Delete and create of one name may share a commit; the new object is what is read back."""
        async with opened(tmp_path / "s") as store:
            await store.committed(put(store, "a", "old"))
            store.delete("pods", "default", "a", lambda _: Draft(b"{}", "", {}, {}))
            await store.committed(put(store, "a", "new"))
            assert on_disk(tmp_path / "s") == {"a": "new"}

    async def test_what_is_no_object_refuses_to_start(self, tmp_path: Path) -> None:
        """A foreign document is reported; the folder is let go."""
        (tmp_path / "tinydb.json").write_text('{"pods": {"1": {"kind": "Pod"}}}')
        for _ in range(2):
            with pytest.raises(DamagedStore, match="document 1 of table pods is no Kubernetes object"):
                await TinyStore.open(tmp_path, node_of)

    async def test_a_folder_has_one_store(self, tmp_path: Path) -> None:
        """A second server is told so and disturbs nothing."""
        async with opened(tmp_path) as store:
            with pytest.raises(StoreInUse):
                await TinyStore.open(tmp_path, node_of)
            await store.committed(put(store, "a"))


class TestSoftWrites:
    async def test_they_are_seen_at_once_and_written_later(self, tmp_path: Path) -> None:
        """A soft write is readable and watchable while the disk knows nothing of it."""
        async with opened(tmp_path / "s") as store:
            with store.watch("pods") as watch:
                put(store, "a", "x", SOFT)
                assert (await anext(watch)).entry.name == "a"
            assert on_disk(tmp_path / "s") == {}

    async def test_the_next_durable_write_takes_them_along(self, tmp_path: Path) -> None:
        """The disk holds the state of a revision: whatever was written before it is there as well."""
        async with opened(tmp_path / "s") as store:
            put(store, "a", "1", SOFT)
            put(store, "a", "2", SOFT)
            await store.committed(put(store, "b", "3"))
            assert on_disk(tmp_path / "s") == {"a": "2", "b": "3"}

    async def test_alone_they_are_written_after_the_interval(self, tmp_path: Path) -> None:
        """Nothing soft stays off the disk for longer than the interval."""
        async with opened(tmp_path / "s", backend=BackendOptions(soft_interval=0.01)) as store:
            put(store, "a", "1", SOFT)
            await eventually(lambda: on_disk(tmp_path / "s") == {"a": "1"})

    @pytest.mark.looptime
    async def test_an_idle_store_writes_nothing(self, tmp_path: Path) -> None:
        """Without writes, no file changes, however many intervals pass."""
        async with opened(tmp_path) as store:
            put(store, "a", "", SOFT)
            await store.committed(put(store, "a"))
            before = last_written(tmp_path)
            await asyncio.sleep(24 * 3600)
            assert last_written(tmp_path) == before

    async def test_a_soft_write_behind_a_durable_one_waits_for_it(self, tmp_path: Path) -> None:
        """Watchers see revisions in order, so a soft write is not shown before the durable one on its way."""
        disk = GatedDisk()
        async with opened(tmp_path, disk=disk) as store:
            disk.shut()
            first = put(store, "a")
            with store.watch("pods", since=first - 1) as watch:
                await disk.has_a_write_waiting()
                second = put(store, "b", "", SOFT)
                third = put(store, "a")
                fourth = put(store, "b", "", SOFT)
                assert store.committed_revision == first - 1
                disk.gate.set()
                seen = [(await anext(watch)).entry.revision for _ in range(4)]
            assert seen == [first, second, third, fourth]

    async def test_a_soft_write_to_an_object_on_its_way_is_not_lost(self, tmp_path: Path) -> None:
        """A commit in flight does not swallow changes of the same object that come after it was taken."""
        disk = GatedDisk()
        async with opened(tmp_path / "s", disk=disk) as store:
            disk.shut()
            put(store, "a", "durable")
            await disk.has_a_write_waiting()
            put(store, "a", "soft", SOFT)
            last = put(store, "b")
            disk.gate.set()
            await store.committed(last)
            assert on_disk(tmp_path / "s")["a"] == "soft"


class TestGroupCommit:
    async def test_all_waiting_writers_share_a_sync(self, tmp_path: Path) -> None:
        """Writers that arrive during a commit go together with the next one."""
        disk = GatedDisk()
        syncs = 0
        async with opened(tmp_path, disk=disk) as store:
            disk.shut()
            revisions = [put(store, "first")]
            await disk.has_a_write_waiting()
            revisions += [put(store, f"p{n}") for n in range(64)]
            disk.gate.set()
            committed = []
            for revision in revisions:
                if store.committed_revision < revision:
                    await store.committed(revision)
                    syncs += 1
                    committed.append(store.committed_revision)
        assert syncs == 2
        assert committed == [revisions[0], revisions[-1]]


class TestFailures:
    async def test_a_failed_sync_acknowledges_nothing(self, tmp_path: Path) -> None:
        """Waiters get 503, watchers never see the event, further writes are refused, the process is ended."""
        disk, failures = SmallDisk(1 << 30), list[BaseException]()
        async with opened(tmp_path / "s", disk=disk, fail=failures.append) as store:
            safe = put(store, "a", "safe")
            await store.committed(safe)
            watch = store.watch("pods", since=safe)
            disk.broken = True
            lost = put(store, "a", "lost")
            with pytest.raises(ServiceUnavailable, match="disk failed"):
                await store.committed(lost)
            assert store.committed_revision == safe
            assert [event async for event in watch] == []
            with pytest.raises(ServiceUnavailable):
                put(store, "b")
            with pytest.raises(ServiceUnavailable):
                await store.committed(lost)
        assert len(failures) == 1

    async def test_a_full_disk_refuses_writes_and_reads_on(self, tmp_path: Path) -> None:
        """507 for writes of both classes, nothing changed, and all works again once there is room."""
        disk = SmallDisk(1 << 20)
        async with opened(tmp_path / "s", disk=disk, journal=JournalOptions(chunk=4096)) as store:
            revision = put(store, "a", "safe")
            await store.committed(revision)
            disk.room = 0
            for durability in (SOFT, DURABLE):
                with pytest.raises(InsufficientStorage):
                    put(store, "a", "x" * 9000, durability)
            assert store.revision == revision
            assert [e.revision for e in store.list("pods")] == [revision]
            disk.room = 1 << 20
            await store.committed(put(store, "a", "x" * 9000))
            assert on_disk(tmp_path / "s") == {"a": "x" * 9000}

    async def test_a_store_on_a_full_disk_opens_for_reading(self, tmp_path: Path) -> None:
        """A server that restarts with a full disk serves what it has, and writes once there is room."""
        async with opened(tmp_path) as store:
            put(store, "a")
        disk = SmallDisk(0)
        async with opened(tmp_path, disk=disk) as store:
            assert store.count("pods") == 1
            with pytest.raises(InsufficientStorage):
                put(store, "b")
            disk.room = 1 << 24
            await eventually(lambda: accepted(store))
            await store.committed(store.revision)

    async def test_revisions_not_yet_reserved_are_not_handed_out(self, tmp_path: Path) -> None:
        """Writes faster than the disk can reserve get 503 with retry-after, and later succeed."""
        disk = GatedDisk()
        async with opened(tmp_path, disk=disk, backend=BackendOptions(revision_block=10)) as store:
            disk.shut()
            while accepted(store):
                pass
            assert store.revision == 10
            disk.gate.set()
            await eventually(lambda: accepted(store))
            assert store.revision == 11

    async def test_revisions_are_reserved_before_they_run_out(self, tmp_path: Path) -> None:
        """Soft writes alone, which nobody commits for a while, do not come to the end of their block."""
        async with opened(tmp_path / "s", backend=BackendOptions(revision_block=10)) as store:
            for _ in range(6):
                put(store, "a", "", SOFT)
            await eventually(lambda: reserved_on_disk(tmp_path / "s") > 10)


class TestCompaction:
    async def test_writes_go_on_meanwhile_and_nothing_is_lost(self, tmp_path: Path) -> None:
        """Many compactions under load: one journal is left, and everything acknowledged is on the disk."""
        journal = JournalOptions(chunk=4096, compact_at=20_000)
        async with opened(tmp_path / "s", journal=journal) as store:

            async def write(name: str) -> None:
                for n in range(60):
                    await store.committed(put(store, name, f"{n} " + "x" * 300))

            await asyncio.gather(*(write(f"p{n}") for n in range(8)))
        assert {v.split()[0] for v in on_disk(tmp_path / "s").values()} == {"59"}
        journals = sorted(path.name for path in (tmp_path / "s").glob("journal-*"))
        assert len(journals) == 1
        assert journals[0] > "journal-00000003"
        assert META_TABLE in recover(tmp_path / "s").tables
