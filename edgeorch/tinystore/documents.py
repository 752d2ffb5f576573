"""Tables of encoded documents, seen the way TinyDB wants to see them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, Generic, TypeVar

from edgeorch.tinystore.records import Record
from edgeorch.tinystore.snapshot import encode_document

Document = dict[str, Any]
IdT = TypeVar("IdT")


class Documents(Mapping[str, Document]):
    """A read-only view by document id (a string, as in TinyDB's files) that decodes what is looked at."""

    def __init__(self, encoded: Mapping[str, bytes]) -> None:
        self._encoded = encoded

    def __getitem__(self, doc_id: str) -> Document:
        document: Document = json.loads(self._encoded[doc_id])
        return document

    def __iter__(self) -> Iterator[str]:
        return iter(self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)

    def __contains__(self, doc_id: object) -> bool:
        return doc_id in self._encoded


class Edit(MutableMapping[IdT, Document], Generic[IdT]):
    """What TinyDB's updaters get: they may set and delete documents, and change those they got in place."""

    def __init__(self, table: str, encoded: Mapping[str, bytes], make_id: Callable[[str], IdT]) -> None:
        self._table = table
        self._before = encoded
        self._ids = {make_id(key): key for key in encoded}
        self._handed_out: dict[IdT, Document] = {}

    def __getitem__(self, doc_id: IdT) -> Document:
        if doc_id not in self._handed_out:
            self._handed_out[doc_id] = json.loads(self._before[self._ids[doc_id]])
        return self._handed_out[doc_id]

    def __setitem__(self, doc_id: IdT, document: Document) -> None:
        self._ids[doc_id] = str(doc_id)
        self._handed_out[doc_id] = document

    def __delitem__(self, doc_id: IdT) -> None:
        del self._ids[doc_id]
        self._handed_out.pop(doc_id, None)

    def __iter__(self) -> Iterator[IdT]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, doc_id: object) -> bool:
        return doc_id in self._ids

    def records(self) -> list[Record]:
        """Say what has changed. Raises TypeError for a document that JSON cannot express."""
        kept = set(self._ids.values())
        changes = [Record(self._table, key, None) for key in self._before if key not in kept]
        for doc_id, document in self._handed_out.items():
            key = self._ids[doc_id]
            data = encode_document(document)
            if key not in self._before or json.loads(self._before[key]) != json.loads(data):
                changes.append(Record(self._table, key, data))
        return changes
