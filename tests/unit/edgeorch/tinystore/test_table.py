from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tinydb import TinyDB, where
from tinydb.operations import delete, increment
from tinydb.storages import MemoryStorage
from tinydb.table import Document, Table

from edgeorch.tinystore import JournalDB, JournalOptions, JournalStorage, Record

small = st.integers(0, 3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), small),
        st.tuples(st.just("insert_multiple"), small),
        st.tuples(st.just("insert_as"), st.integers(1, 6)),
        st.tuples(st.just("update"), small),
        st.tuples(st.just("update_ids"), st.integers(1, 6)),
        st.tuples(st.just("increment"), small),
        st.tuples(st.just("drop_field"), small),
        st.tuples(st.just("upsert"), small),
        st.tuples(st.just("remove"), small),
        st.tuples(st.just("remove_ids"), st.integers(1, 6)),
        st.tuples(st.just("truncate"), small),
    ),
    max_size=12,
)


def run(table: Table, step: str, n: int) -> Any:
    """Do one step; gives what TinyDB answered."""
    try:
        match step:
            case "insert":
                return table.insert({"n": n, "tags": ["a", "b"]})
            case "insert_multiple":
                return table.insert_multiple([{"n": n}, {"n": n + 1}])
            case "insert_as":
                return table.insert(Document({"n": n}, doc_id=n))
            case "update":
                return table.update({"seen": True}, where("n") == n)
            case "update_ids":
                return table.update({"by": "id"}, doc_ids=[n])
            case "increment":
                return table.update(increment("n"), where("n") == n)
            case "drop_field":
                return table.update(delete("seen"), where("seen").exists())
            case "upsert":
                return table.upsert({"n": n, "new": True}, where("n") == n)
            case "remove":
                return table.remove(where("n") == n)
            case "remove_ids":
                return table.remove(doc_ids=[n])
            case _:
                return table.truncate()
    except ValueError as error:
        return str(error)


def everything(table: Table) -> list[tuple[int, dict[str, Any]]]:
    return [(document.doc_id, dict(document)) for document in table]


@pytest.mark.parametrize("stock_table", [False, True], ids=["JournalDB", "TinyDB on JournalStorage"])
@given(steps=steps)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_behaves_as_tinydb_does(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], stock_table: bool
) -> None:
    """Any sequence of TinyDB calls gives the same answers and contents, also after a restart."""
    folder = tmp_path_factory.mktemp("db")
    options = JournalOptions(chunk=4096, compact_at=2000)

    def open_db() -> TinyDB:
        if stock_table:
            return TinyDB(folder, storage=JournalStorage, options=options)
        return JournalDB(folder, options=options)

    with TinyDB(storage=MemoryStorage) as reference, open_db() as db:
        expected, table = reference.table("pods"), db.table("pods")
        for step, n in steps:
            assert run(table, step, n) == run(expected, step, n)
            assert sorted(everything(table)) == sorted(everything(expected))
            assert sorted(table.search(where("n") == n), key=str) == sorted(
                expected.search(where("n") == n), key=str
            )
            assert table.get(doc_id=n) == expected.get(doc_id=n)
            assert len(table) == len(expected)
        with_documents = {name for name in reference.tables() if len(reference.table(name))}
        assert db.tables() == with_documents
    with open_db() as db:
        assert sorted(everything(db.table("pods"))) == sorted(everything(expected))


def test_a_write_costs_what_it_changes(tmp_path: Path) -> None:
    """An update among many documents writes that document, not the database."""
    with JournalDB(tmp_path) as db:
        table = db.table("pods")
        table.insert_multiple({"n": n, "text": "x" * 100} for n in range(1000))
        assert isinstance(table.storage, JournalStorage)
        before = table.storage._journal.end
        table.update({"n": -1}, where("n") == 7)
        assert table.storage._journal.end - before < 300


def test_a_document_that_is_no_json_changes_nothing(tmp_path: Path) -> None:
    """The error is Python's own, and neither memory nor disk has seen the document."""
    with JournalDB(tmp_path) as db:
        db.insert({"a": 1})
        with pytest.raises(TypeError):
            db.insert_multiple([{"a": 2}, {"a": object()}])
        assert db.all() == [{"a": 1}]


def test_searches_see_what_was_staged_past_the_table(tmp_path: Path) -> None:
    """TinyDB caches query results; a store that writes bytes directly must not make them stale."""
    with JournalDB(tmp_path) as db:
        pods = db.table("pods")
        pods.insert({"n": 1})
        assert len(pods.search(where("n") > 0)) == 1
        assert isinstance(pods.storage, JournalStorage)
        pods.storage.stage([Record("pods", "2", b'{"n":2}')])
        assert len(pods.search(where("n") > 0)) == 2


def test_tables_can_be_dropped(tmp_path: Path) -> None:
    """``drop_table`` and ``drop_tables`` go through the storage's ``write``."""
    with JournalDB(tmp_path) as db:
        for name in ("a", "b", "c"):
            db.table(name).insert({"n": 1})
        db.drop_table("a")
        assert db.tables() == {"b", "c"}
        db.drop_tables()
        assert db.tables() == set()
    with JournalDB(tmp_path) as db:
        assert db.tables() == set()
