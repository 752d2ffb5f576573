from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.tinystore import records
from edgeorch.tinystore.records import Record

words = st.text(max_size=8)
documents = st.dictionaries(words, words | st.integers(), max_size=3).map(
    lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
)
any_records = st.lists(st.builds(Record, words, words, st.none() | documents), max_size=4)


@given(any_records)
@settings(max_examples=50)
def test_records_come_back_as_they_were(written: list[Record]) -> None:
    """Tables, ids and documents of any text survive, tabs and line breaks included."""
    assert list(records.decode(records.encode(written))) == written


@given(any_records)
@settings(max_examples=50)
def test_the_size_is_an_upper_bound(written: list[Record]) -> None:
    """Room reserved for a record is enough to write it."""
    assert len(records.encode(written)) <= sum(record.size for record in written)


@pytest.mark.parametrize("document", [b'{\n"a":1}', b'{\t"a":1}'], ids=["line break", "tab"])
def test_indented_documents_are_refused(document: bytes) -> None:
    """A document that would break the line format never gets near the journal."""
    with pytest.raises(ValueError, match="without indentation"):
        Record("pods", "1", document)


def test_a_table_goes_with_its_last_document() -> None:
    """A table without documents is no table; removing what is not there is nothing."""
    tables: dict[str, dict[str, bytes]] = {}
    records.apply(tables, [Record("pods", "1", b"{}"), Record("pods", "2", b"{}"), Record("pods", "1", None)])
    assert tables == {"pods": {"2": b"{}"}}
    records.apply(tables, [Record("pods", "2", None), Record("nodes", "1", None)])
    assert tables == {}
