from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.errors import InsufficientStorage, ServiceUnavailable, UserError
from edgeorch.tinystore import (
    DamagedStore,
    Disk,
    DiskFailed,
    JournalOptions,
    JournalStorage,
    Record,
    StoreInUse,
    snapshot,
)
from edgeorch.tinystore.journal import journal_path
from edgeorch.tinystore.recovery import recover
from tests.fakes.disk import ForgetfulDisk, PowerCut, SmallDisk

Contents = dict[str, dict[str, bytes]]

SMALL = JournalOptions(chunk=4096, compact_at=1 << 30)


def no_fail(error: BaseException) -> None:
    raise AssertionError("the disk is fine") from error


def open_storage(folder: Path, disk: Disk | None = None, options: JournalOptions = SMALL) -> JournalStorage:
    return JournalStorage(folder, options=options, disk=disk, fail=no_fail)


def put(storage: JournalStorage, doc_id: int, value: object, table: str = "pods") -> None:
    storage.stage([Record(table, str(doc_id), json.dumps({"v": value}).encode())])


def contents(storage: JournalStorage) -> Contents:
    return {name: dict(storage.documents(name)) for name in storage.names()}


def read_back(folder: Path) -> Contents:
    storage = open_storage(folder)
    try:
        return contents(storage)
    finally:
        storage.close()


def peek(folder: Path) -> Contents:
    """Read a folder without writing to it."""
    return recover(folder).tables if folder.exists() else {}


def crash(storage: JournalStorage) -> None:
    """Leave what a killed process leaves: its files, unlocked."""
    storage._lock.release()


class TestRecovery:
    def test_what_was_committed_is_read_back(self, tmp_path: Path) -> None:
        """A killed process loses nothing that was committed, and what was only staged."""
        storage = open_storage(tmp_path)
        put(storage, 1, "a")
        put(storage, 2, "b", "nodes")
        storage.commit()
        put(storage, 3, "c")
        crash(storage)
        assert read_back(tmp_path) == {"pods": {"1": b'{"v": "a"}'}, "nodes": {"2": b'{"v": "b"}'}}

    def test_close_commits(self, tmp_path: Path) -> None:
        """Nothing staged is lost by closing in good order; closing twice is fine."""
        storage = open_storage(tmp_path)
        put(storage, 1, "a")
        storage.close()
        storage.close()
        assert read_back(tmp_path) == {"pods": {"1": b'{"v": "a"}'}}

    def test_a_snapshot_and_its_journal_add_up(self, tmp_path: Path) -> None:
        """Changes and removals after a compaction count on top of it."""
        storage = open_storage(tmp_path)
        for n in range(4):
            put(storage, n, n)
        storage.commit()
        storage.compact()
        put(storage, 1, "new")
        storage.stage([Record("pods", "2", None)])
        storage.commit()
        crash(storage)
        assert read_back(tmp_path) == {"pods": {"0": b'{"v": 0}', "3": b'{"v": 3}', "1": b'{"v": "new"}'}}
        assert len(list(tmp_path.glob("journal-*"))) == 1

    def test_the_last_change_of_a_document_wins(self, tmp_path: Path) -> None:
        """Changes of one document between two commits become one."""
        storage = open_storage(tmp_path)
        put(storage, 1, "a")
        storage.stage([Record("pods", "1", None)])
        put(storage, 1, "b")
        storage.commit()
        crash(storage)
        assert read_back(tmp_path) == {"pods": {"1": b'{"v": "b"}'}}

    @pytest.mark.parametrize("zeros", [True, False], ids=["zeros", "end of file"])
    def test_a_commit_torn_anywhere_is_dropped(
        self, tmp_path: Path, zeros: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Wherever the last write broke off, the state is that of the commit before, and the log says so."""
        whole, ends = small_journal(tmp_path / "whole")
        states = [{}, *({"pods": {str(n): b'{"v": %d}' % n for n in range(1, k + 1)}} for k in (1, 2, 3))]
        for cut in range(0, ends[-1], 3):
            folder = tmp_path / str(cut)
            folder.mkdir()
            data = whole[:cut].ljust(len(whole), b"\0") if zeros else whole[:cut]
            journal_path(folder, 1).write_bytes(data)
            caplog.clear()
            storage = open_storage(folder)
            assert contents(storage) == states[sum(end <= cut for end in ends)]
            torn = cut not in {0, *ends}
            assert ("torn at byte" in caplog.text) == torn
            put(storage, 9, "after")
            storage.close()
            assert read_back(folder)["pods"]["9"] == b'{"v": "after"}'

    def test_a_bit_flipped_anywhere_refuses_to_start(self, tmp_path: Path) -> None:
        """Damage is reported with file, place and what to do; nothing is changed and the folder is let go."""
        whole, ends = small_journal(tmp_path / "whole")
        folder = tmp_path / "damaged"
        folder.mkdir()
        path = journal_path(folder, 1)
        for at in range(ends[-1]):
            data = bytearray(whole)
            data[at] ^= 1 << at % 8
            path.write_bytes(data)
            start = max([0, *(end for end in ends if end <= at)])
            with pytest.raises(DamagedStore, match=f"{path} is damaged at byte {start} .* repair {folder}"):
                open_storage(folder)
            assert path.read_bytes() == data

    def test_damage_is_a_users_error(self) -> None:
        """The server prints one line and ends; there is no traceback to read."""
        assert issubclass(DamagedStore, UserError)
        assert issubclass(StoreInUse, UserError)

    def test_a_missing_journal_refuses_to_start(self, tmp_path: Path) -> None:
        """A gap in the journals is no reason to go on with half of the story."""
        storage = open_storage(tmp_path)
        put(storage, 1, "a")
        storage.commit()
        storage.compact()
        put(storage, 1, "b")
        storage.close()
        path = journal_path(tmp_path, 2)
        path.rename(journal_path(tmp_path, 3))
        with pytest.raises(DamagedStore, match=f"{path} is damaged .*missing"):
            open_storage(tmp_path)

    def test_a_snapshot_alone_is_a_restored_backup(self, tmp_path: Path) -> None:
        """Copying ``tinydb.json`` into an empty folder restores it, whoever wrote it."""
        (tmp_path / snapshot.SNAPSHOT).write_text('{"pods": {"1": {"v": "a"}}}')
        storage = open_storage(tmp_path)
        put(storage, 2, "b")
        storage.close()
        assert read_back(tmp_path) == {"pods": {"1": b'{"v":"a"}', "2": b'{"v": "b"}'}}

    def test_a_foreign_snapshot_beside_journals_is_refused(self, tmp_path: Path) -> None:
        """Which of the two is newer nobody can tell."""
        storage = open_storage(tmp_path)
        put(storage, 1, "a")
        storage.close()
        (tmp_path / snapshot.SNAPSHOT).write_text('{"pods": {"1": {"v": "a"}}}')
        with pytest.raises(DamagedStore, match="does not say"):
            open_storage(tmp_path)


def small_journal(folder: Path) -> tuple[bytes, list[int]]:
    """Make a journal of three commits; gives its bytes and the ends of the commits."""
    storage = open_storage(folder)
    ends = []
    for n in (1, 2, 3):
        put(storage, n, n)
        storage.commit()
        ends.append(storage._journal.end)
    crash(storage)
    return journal_path(folder, 1).read_bytes(), ends


lives = st.tuples(
    st.integers(0, 70),
    st.integers(0, 1 << 32),
    st.lists(st.sampled_from(["put", "put big", "remove", "commit", "compact"]), min_size=4, max_size=25),
)


class TestPowerCut:
    @given(st.lists(lives, min_size=1, max_size=3))
    @settings(max_examples=60)
    def test_no_commit_is_lost(
        self, tmp_path_factory: pytest.TempPathFactory, lives: list[tuple[int, int, list[str]]]
    ) -> None:
        """Whenever the power fails, the folder opens again, with the last commit or the one on its way."""
        folder = tmp_path_factory.mktemp("store") / "data"
        found: Contents = {}
        for operations, seed, steps in lives:
            disk = ForgetfulDisk(operations, seed)
            acknowledged = on_its_way = found
            storage = None
            try:
                storage = JournalStorage(folder, options=SMALL, disk=disk, fail=no_fail)
                for n, step in enumerate(steps):
                    if step.startswith("put"):
                        put(storage, n % 3, f"{seed} {n} " + "x" * (9000 if step == "put big" else 200))
                    elif step == "remove":
                        storage.stage([Record("pods", str(n % 3), None)])
                    else:
                        on_its_way = contents(storage)
                        storage.commit()
                        acknowledged = on_its_way
                        if step == "compact":
                            storage.compact()
            except PowerCut:
                pass
            if storage:  # if it never came to be, it has released its lock by itself
                crash(storage)
            disk.restart()
            found = peek(folder)
            assert found in (acknowledged, on_its_way)

    def test_nothing_of_a_torn_commit_comes_back(self, tmp_path: Path) -> None:
        """What is left of a torn commit lies behind the next, shorter one, and must not look like damage."""
        storage = open_storage(tmp_path)
        put(storage, 1, "a")
        storage.commit()
        end = storage._journal.end
        put(storage, 2, "x" * 200_000)
        storage.commit()
        crash(storage)
        with journal_path(tmp_path, 1).open("r+b") as file:
            file.seek(end + 512)
            file.write(bytes(512))
        storage = open_storage(tmp_path)
        put(storage, 3, "y" * 100_000)
        storage.commit()
        crash(storage)
        assert read_back(tmp_path)["pods"].keys() == {"1", "3"}


class TestFullDisk:
    def test_a_write_without_room_changes_nothing(self, tmp_path: Path) -> None:
        """It is refused before memory changes; reads go on; with room, writes work again."""
        disk = SmallDisk(room=9000)
        storage = open_storage(tmp_path, disk)
        put(storage, 1, "a")
        storage.commit()
        before = contents(storage)
        with pytest.raises(InsufficientStorage, match="nothing was changed"):
            put(storage, 2, "x" * 9000)
        assert contents(storage) == before
        disk.room += 20_000
        put(storage, 2, "x" * 9000)
        storage.close()
        assert read_back(tmp_path).keys() == {"pods"}
        assert read_back(tmp_path)["pods"].keys() == {"1", "2"}

    def test_what_was_accepted_finds_its_room(self, tmp_path: Path) -> None:
        """Writes accepted until the disk is full can all be committed: the room was theirs."""
        storage = open_storage(tmp_path, SmallDisk(room=10_000))
        accepted = 0
        with contextlib.suppress(InsufficientStorage):
            while True:
                put(storage, accepted, "x" * 100)
                accepted += 1
        assert accepted > 10
        storage.commit()
        crash(storage)
        assert len(read_back(tmp_path)["pods"]) == accepted

    def test_room_is_kept_for_a_commit_on_its_way(self, tmp_path: Path) -> None:
        """Writes staged while a commit is being written do not take its room."""
        storage = open_storage(tmp_path, SmallDisk(room=5000))
        put(storage, 1, "x" * 3000)
        commit = storage.take()
        assert commit is not None
        with pytest.raises(InsufficientStorage):
            put(storage, 2, "y" * 3000)
        commit.write()
        storage.finish(commit)
        assert list(contents(storage)["pods"]) == ["1"]
        storage.close()

    def test_a_full_disk_can_be_opened_for_reading(self, tmp_path: Path) -> None:
        """A server that starts on a full disk serves what it has."""
        storage = open_storage(tmp_path)
        put(storage, 1, "a")
        storage.close()
        storage = open_storage(tmp_path, SmallDisk(room=0))
        assert contents(storage) == {"pods": {"1": b'{"v": "a"}'}}
        with pytest.raises(InsufficientStorage):
            put(storage, 2, "b")
        storage.close()

    def test_compaction_without_room_changes_nothing(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """No room for a snapshot or a journal: the old ones stay in use, and the log says so."""
        disk = SmallDisk(room=4096)
        storage = open_storage(tmp_path, disk)
        put(storage, 1, "a")
        storage.commit()
        storage.compact()
        disk.room = 4096 + 10
        storage.compact()
        assert "no new journal" in caplog.text
        assert "no new snapshot" in caplog.text
        put(storage, 2, "b")
        storage.commit()
        crash(storage)
        assert read_back(tmp_path) == {"pods": {"1": b'{"v": "a"}', "2": b'{"v": "b"}'}}
        disk.room = 1 << 20
        storage = open_storage(tmp_path, disk)
        storage.compact()
        crash(storage)
        assert read_back(tmp_path) == {"pods": {"1": b'{"v": "a"}', "2": b'{"v": "b"}'}}
        assert len(list(tmp_path.glob("journal-*"))) == 1


class TestFailedSync:
    def test_a_failed_sync_is_never_acknowledged(self, tmp_path: Path) -> None:
        """The process is told to end; if it does not, nothing more is written or acknowledged."""
        disk = SmallDisk(room=1 << 20)
        failures: list[BaseException] = []
        storage = JournalStorage(tmp_path, options=SMALL, disk=disk, fail=failures.append)
        put(storage, 1, "a")
        storage.commit()
        disk.broken = True
        put(storage, 2, "b")
        with pytest.raises(DiskFailed):
            storage.commit()
        assert [type(error) for error in failures] == [OSError]
        disk.broken = False
        with pytest.raises(ServiceUnavailable):
            put(storage, 3, "c")
        storage.commit()
        storage.close()
        assert read_back(tmp_path)["pods"].keys() - {"2"} == {"1"}


class TestFolder:
    def test_one_process_per_folder(self, tmp_path: Path) -> None:
        """The second one is told who has it, and the first one is not disturbed."""
        storage = open_storage(tmp_path)
        with pytest.raises(StoreInUse, match=r"in use by process \d+"):
            open_storage(tmp_path)
        put(storage, 1, "a")
        storage.close()
        assert read_back(tmp_path) == {"pods": {"1": b'{"v": "a"}'}}

    def test_a_path_that_is_a_file_is_a_users_error(self, tmp_path: Path) -> None:
        """One line that names the place, instead of a traceback."""
        (tmp_path / "file").write_text("mine")
        with pytest.raises(UserError, match=f"store in {tmp_path}/file cannot be opened: File exists"):
            open_storage(tmp_path / "file")

    def test_only_the_owner_may_read(self, tmp_path: Path) -> None:
        """Secrets are in there: 0700 for the folder, 0600 for every file."""
        folder = tmp_path / "new" / "store"
        storage = open_storage(folder)
        put(storage, 1, "a")
        storage.commit()
        storage.compact()
        storage.close()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}

    def test_an_idle_storage_writes_nothing(self, tmp_path: Path) -> None:
        """A commit of nothing does not touch the card."""
        storage = open_storage(tmp_path)
        put(storage, 1, "a")
        storage.commit()
        before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
        storage.commit()
        assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
        storage.close()

    def test_the_journal_is_compacted_when_it_has_grown(self, tmp_path: Path) -> None:
        """Neither the journal nor the time to start grows without bound."""
        storage = open_storage(tmp_path, options=JournalOptions(chunk=4096, compact_at=8192))
        for n in range(200):
            put(storage, n % 5, "x" * 500)
            storage.commit()
        sizes = [path.stat().st_size for path in tmp_path.glob("journal-*")]
        assert len(sizes) == 1
        assert sizes[0] <= 8192 + 3 * 4096
        storage.close()
        assert len(read_back(tmp_path)["pods"]) == 5
