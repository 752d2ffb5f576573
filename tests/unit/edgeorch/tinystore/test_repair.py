from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgeorch.errors import UserError
from edgeorch.tinystore import DamagedStore, JournalDB, StoreInUse, snapshot
from edgeorch.tinystore.journal import journal_path
from edgeorch.tinystore.repair import check, repair


def fill(folder: Path) -> None:
    """Make a store with a snapshot of two documents and a journal of three commits."""
    with JournalDB(folder) as db:
        db.insert({"n": 1})
        db.insert({"n": 2})
        db.storage.compact()
        for n in (3, 4, 5):
            db.insert({"n": n})


def numbers(folder: Path) -> list[int]:
    with JournalDB(folder) as db:
        return [document["n"] for document in db]


def flip(path: Path, what: bytes) -> None:
    data = path.read_bytes()
    assert data.count(what) == 1
    path.write_bytes(data.replace(what, what[:-1] + b"?"))


def test_a_sound_store_is_said_to_be_sound(tmp_path: Path) -> None:
    """Check reads everything and changes nothing."""
    fill(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.name != "lock"}
    assert check(tmp_path) == 5
    assert {path: path.read_bytes() for path in before} == before


def test_repair_keeps_all_but_the_damaged_commit(tmp_path: Path) -> None:
    """What lies behind the damage is kept too; the report names the bytes that were not readable."""
    fill(tmp_path)
    flip(journal_path(tmp_path, 2), b'{"n":4}')
    with pytest.raises(DamagedStore):
        check(tmp_path)
    done = repair(tmp_path)
    assert [gap.split(",")[0] for gap in done.lost] == ["journal-00000002"]
    assert done.documents == 4
    assert check(tmp_path) == 4
    assert numbers(tmp_path) == [1, 2, 3, 5]


def test_repair_keeps_what_is_readable_of_a_snapshot(tmp_path: Path) -> None:
    """A damaged line of the snapshot costs one document."""
    fill(tmp_path)
    flip(tmp_path / snapshot.SNAPSHOT, b'{"n":1}')
    done = repair(tmp_path)
    assert done.lost == ("tinydb.json, line 3",)
    assert numbers(tmp_path) == [2, 3, 4, 5]


def test_repair_keeps_the_files_from_before(tmp_path: Path) -> None:
    """A repair can be looked at and undone, a second one as well."""
    fill(tmp_path)
    flip(journal_path(tmp_path, 2), b'{"n":4}')
    before = journal_path(tmp_path, 2).read_bytes()
    first, second = repair(tmp_path), repair(tmp_path)
    assert (first.kept / "journal-00000002").read_bytes() == before
    assert first.kept != second.kept
    assert second.lost == ()
    assert second.documents == 4


def test_a_store_in_use_is_left_alone(tmp_path: Path) -> None:
    """Neither check nor repair reads under a running server."""
    with JournalDB(tmp_path) as db:
        db.insert({"n": 1})
        with pytest.raises(StoreInUse):
            check(tmp_path)
        with pytest.raises(StoreInUse):
            repair(tmp_path)


def test_a_folder_without_a_store_is_a_users_error(tmp_path: Path) -> None:
    """A mistyped path makes no store."""
    with pytest.raises(UserError, match="holds no store"):
        repair(tmp_path / "typo")
    assert not (tmp_path / "typo").exists()


def test_the_command_that_the_error_names_works(tmp_path: Path) -> None:
    """Whoever pastes the command out of the error message gets a store that starts."""
    fill(tmp_path)
    flip(journal_path(tmp_path, 2), b'{"n":4}')
    with pytest.raises(DamagedStore) as caught:
        JournalDB(tmp_path)
    command = str(caught.value).split("with: ")[1].split()
    assert command[0] == sys.executable
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "could not be read: journal-00000002" in done.stdout
    assert "holds 4 documents" in done.stdout
    wrong = subprocess.run([*command[:-1], tmp_path / "typo"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    assert json.loads((tmp_path / snapshot.SNAPSHOT).read_text())["_default"].keys() == {"1", "2", "3", "5"}
