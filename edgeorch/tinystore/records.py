"""What a commit says: documents put and documents removed, one line each.

A line is two or three JSON texts with tabs between: table, document id and, unless it was removed, the
document. JSON texts without indentation contain neither tabs nor line breaks, so a line can be cut apart
without parsing the document.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """The new state of one document."""

    table: str
    doc_id: str
    document: bytes | None
    """JSON on one line; None when it was removed."""

    def __post_init__(self) -> None:
        document = self.document
        if document is not None and (b"\n" in document or b"\t" in document):
            raise ValueError("a document must be JSON without indentation")

    @property
    def size(self) -> int:
        """Upper bound of the encoded line in bytes: JSON may spell a character in twelve (two surrogates)."""
        return 12 * (len(self.table) + len(self.doc_id)) + len(self.document or b"") + 8


def encode(records: Iterable[Record]) -> bytes:
    """Write records as lines."""
    parts = []
    for record in records:
        parts.append(f"{json.dumps(record.table)}\t{json.dumps(record.doc_id)}".encode())
        if record.document is not None:
            parts += (b"\t", record.document)
        parts.append(b"\n")
    return b"".join(parts)


def decode(payload: bytes) -> Iterator[Record]:
    """Read them back; empty lines (padding) are skipped. Raises ValueError."""
    for line in payload.split(b"\n"):
        if line:
            table, doc_id, *document = line.split(b"\t", 2)
            yield Record(json.loads(table), json.loads(doc_id), document[0] if document else None)


def apply(tables: dict[str, dict[str, bytes]], records: Iterable[Record]) -> None:
    """Bring documents to the state the records say. A table without documents is no table."""
    for record in records:
        if record.document is not None:
            tables.setdefault(record.table, {})[record.doc_id] = record.document
        elif record.table in tables:
            documents = tables[record.table]
            documents.pop(record.doc_id, None)
            if not documents:
                del tables[record.table]
