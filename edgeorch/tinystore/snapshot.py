"""The snapshot: all documents in one file that is a plain TinyDB database.

Any TinyDB opens ``tinydb.json``, and may change it while no store is running. Ours has one document per
line and a checksum, so that it can be read back without parsing the documents; a file that somebody else
has written is parsed as the JSON it is. Its table ``_journal`` says with which journal the story goes on.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgeorch.tinystore.disk import Disk
from edgeorch.tinystore.errors import DamagedStore

SNAPSHOT = "tinydb.json"
JOURNAL_TABLE = "_journal"

_BATCH = 128  # documents per write: small enough to let other threads in between
_OURS = b'{\n"'  # TinyDB begins its files in another way
_LAST_LINE = b'"_journal": {"1": {"next": %d, "crc32": %d}}}\n'
_SEPARATOR = b":\t"  # legal in JSON, and found nowhere else in it: documents are written without tabs

Tables = dict[str, dict[str, bytes]]


@dataclass(slots=True)
class Snapshot:
    """What the file says."""

    tables: Tables = field(default_factory=dict)
    next_journal: int | None = None
    """Number of the first journal that is not part of it; None if the file does not come from us."""
    size: int = 0
    """Length of the file in bytes."""


def write(disk: Disk, folder: Path, tables: Mapping[str, Mapping[str, bytes]], next_journal: int) -> int:
    """Replace the folder's snapshot atomically; gives its size. May run in any thread.

    ``tables`` must not change meanwhile. Raises OSError, and then the old snapshot still stands.
    """
    target = folder / SNAPSHOT
    temporary = target.with_suffix(".tmp")
    disk.remove(temporary)
    file = disk.create(temporary)
    try:
        size, crc = 0, 0
        for part in _render(tables):
            file.write(part, size)
            size, crc = size + len(part), zlib.crc32(part, crc)
        end = _LAST_LINE % (next_journal, zlib.crc32(b"%d" % next_journal, crc))
        file.write(end, size)
        file.sync()
        disk.replace(temporary, target)
        disk.sync_folder(folder)
    except OSError:
        with contextlib.suppress(OSError):
            disk.remove(temporary)
        raise
    finally:
        file.close()
    return size + len(end)


def read(folder: Path) -> Snapshot:
    """Read the folder's snapshot; an empty one if there is none. Raises :class:`DamagedStore`."""
    path = folder / SNAPSHOT
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Snapshot()
    return _read_ours(path, data) or _read_json(path, data)


def salvage(folder: Path) -> tuple[Snapshot, list[str]]:
    """Read what is readable of a damaged snapshot in our layout, and say what is not."""
    path = folder / SNAPSHOT
    tables: Tables = {}
    lost: list[str] = []
    documents: dict[str, bytes] = {}
    next_journal = None
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        key, separator, value = line.partition(_SEPARATOR)
        value = value.removesuffix(b",")
        try:
            if separator and value == b"{":
                documents = {}  # of nobody, until the table's name has been read
                documents = tables.setdefault(json.loads(key), {})
            elif separator:
                json.loads(value)
                documents[json.loads(key)] = value
            elif JOURNAL_TABLE.encode() in line:
                next_journal = int(json.loads(b"{" + line)[JOURNAL_TABLE]["1"]["next"])
        except (ValueError, KeyError, TypeError):
            lost.append(f"{path.name}, line {number}")
    return Snapshot(tables, next_journal), lost


def _render(tables: Mapping[str, Mapping[str, bytes]]) -> Iterator[bytes]:
    yield b"{\n"
    for name, documents in tables.items():
        yield json.dumps(name).encode() + _SEPARATOR + b"{\n"
        items = iter(documents.items())
        comma = b""
        while batch := list(itertools.islice(items, _BATCH)):
            lines = [json.dumps(key).encode() + _SEPARATOR + value for key, value in batch]
            yield comma + b",\n".join(lines)
            comma = b",\n"
        yield b"\n"
        yield b"},\n"


def _read_ours(path: Path, data: bytes) -> Snapshot | None:
    """Read the layout that :func:`write` gives; None for any other."""
    if not data.startswith(_OURS):
        return None
    end = data.rfind(b"\n", 0, -1) + 1
    try:
        about = json.loads(b"{" + data[end:])[JOURNAL_TABLE]["1"]
        next_journal, crc = int(about["next"]), int(about["crc32"])
    except (ValueError, KeyError, TypeError) as exc:
        raise DamagedStore(path, end, "the last line of the snapshot") from exc
    body = memoryview(data)[:end]
    if zlib.crc32(b"%d" % next_journal, zlib.crc32(body)) != crc or data[end:] != _LAST_LINE % (
        next_journal,
        crc,
    ):
        raise DamagedStore(path, _first_bad_byte(data), "checksum of the snapshot")
    return Snapshot(_cut(data[:end].split(b"\n")), next_journal, len(data))


def _cut(lines: Iterable[bytes]) -> Tables:
    tables: Tables = {}
    for line in lines:
        key, separator, value = line.partition(_SEPARATOR)
        if separator and value == b"{":
            documents = tables[json.loads(key)] = {}
        elif separator:
            documents[json.loads(key)] = value.removesuffix(b",")
    return tables


def _read_json(path: Path, data: bytes) -> Snapshot:
    try:
        content: dict[str, dict[str, dict[str, Any]]] = json.loads(data)
        about = content.pop(JOURNAL_TABLE, {}).get("1", {})
        tables = {
            name: {key: encode_document(value) for key, value in documents.items()}
            for name, documents in content.items()
            if documents
        }
        next_journal = int(about["next"]) if "next" in about else None
    except (ValueError, AttributeError, TypeError) as exc:
        raise DamagedStore(path, _first_bad_byte(data), "not a TinyDB file") from exc
    return Snapshot(tables, next_journal, len(data))


def encode_document(document: Mapping[str, Any]) -> bytes:
    """Encode a document the way the store keeps it; raises TypeError for what JSON cannot say."""
    if not isinstance(document, Mapping):
        raise TypeError("a document is a JSON object")
    return json.dumps(document, separators=(",", ":")).encode()


def _first_bad_byte(data: bytes) -> int:
    """Say where the JSON breaks, as far as that can be seen."""
    try:
        json.loads(data)
    except json.JSONDecodeError as exc:
        return len(exc.doc[: exc.pos].encode())
    except UnicodeDecodeError as exc:
        return exc.start
    return 0
