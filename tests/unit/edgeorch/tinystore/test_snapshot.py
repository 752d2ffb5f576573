from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tinydb import TinyDB, where

from edgeorch.tinystore import DamagedStore, Disk, snapshot
from tests.fakes.disk import SmallDisk

words = st.text(max_size=8)
documents = st.dictionaries(words, words | st.integers(), max_size=3).map(snapshot.encode_document)
tables = st.dictionaries(
    words.filter(lambda name: name != snapshot.JOURNAL_TABLE),
    st.dictionaries(words, documents, min_size=1, max_size=3),
    max_size=3,
)
TWO = {"pods": {"1": b'{"name":"a"}', "2": b'{"name":"b"}'}, "nodes": {"7": b'{"name":"pi"}'}}


@given(tables)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_snapshot_comes_back_as_it_was(tmp_path: Path, written: snapshot.Tables) -> None:
    """Names, ids and documents of any text survive, and the file is JSON that means the same."""
    size = snapshot.write(Disk(), tmp_path, written, 7)
    assert snapshot.read(tmp_path) == snapshot.Snapshot(written, 7, size)
    content = json.loads((tmp_path / snapshot.SNAPSHOT).read_bytes())
    del content[snapshot.JOURNAL_TABLE]
    assert content == {t: {k: json.loads(d) for k, d in docs.items()} for t, docs in written.items()}


def test_stock_tinydb_opens_it(tmp_path: Path) -> None:
    """Anyone can look at the store with TinyDB itself."""
    snapshot.write(Disk(), tmp_path, TWO, 7)
    with TinyDB(tmp_path / snapshot.SNAPSHOT) as db:
        assert [d.doc_id for d in db.table("pods").search(where("name") == "b")] == [2]
        assert db.table("pods").get(doc_id=1) == {"name": "a"}


def test_what_stock_tinydb_wrote_is_read(tmp_path: Path) -> None:
    """A file that TinyDB has rewritten, in its own layout, is as good as ours."""
    snapshot.write(Disk(), tmp_path, TWO, 7)
    with TinyDB(tmp_path / snapshot.SNAPSHOT) as db:
        db.table("pods").update({"name": "c"}, where("name") == "b")
    read = snapshot.read(tmp_path)
    assert read.tables == {"pods": {"1": b'{"name":"a"}', "2": b'{"name":"c"}'}, "nodes": TWO["nodes"]}
    assert read.next_journal == 7


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    """A damaged snapshot is refused, whatever the damage."""
    path = tmp_path / snapshot.SNAPSHOT
    snapshot.write(Disk(), tmp_path, TWO, 7)
    whole = path.read_bytes()
    for bit in range(len(whole) * 8):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        with pytest.raises(DamagedStore, match=str(path)):
            snapshot.read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"pods": [1]}', b'{"pods": {"1": 2}}'])
def test_what_is_no_tinydb_file_is_damage(tmp_path: Path, content: bytes) -> None:
    """Other files under that name are refused, not overwritten."""
    (tmp_path / snapshot.SNAPSHOT).write_bytes(content)
    with pytest.raises(DamagedStore, match="damaged at byte"):
        snapshot.read(tmp_path)


@pytest.mark.parametrize("room", [0, 10, 60, 100])
def test_a_full_disk_leaves_the_old_snapshot(tmp_path: Path, room: int) -> None:
    """A snapshot that could not be written has changed nothing, and leaves no file behind."""
    snapshot.write(Disk(), tmp_path, TWO, 7)
    with pytest.raises(OSError, match="No space"):
        snapshot.write(SmallDisk(room), tmp_path, {"pods": {"9": b'{"name":"' + b"x" * 99 + b'"}'}}, 8)
    assert snapshot.read(tmp_path).tables == TWO
    assert [path.name for path in tmp_path.iterdir()] == [snapshot.SNAPSHOT]


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    """The store holds secrets."""
    snapshot.write(Disk(), tmp_path, TWO, 7)
    assert (tmp_path / snapshot.SNAPSHOT).stat().st_mode & 0o777 == 0o600
