"""Bodies for the audit log: as compact JSON, without what is not to be written, and never large.

Of a body that is too large nothing is kept, not even for a moment, and its event says so: what Kubernetes does
with ``--audit-log-truncate-enabled``, here always.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

MAX_EVENT = 100 * 1024
"""Bytes of an event, bodies included (``--audit-log-truncate-max-event-size``)."""

_JSON = b"application/json"


class Kept:
    """A body, if there is one that is small enough."""

    def __init__(self, *, omit_managed_fields: bool = False) -> None:
        self._omit = omit_managed_fields
        self.data = b""
        """JSON on one line; empty for none."""
        self.truncated = False

    def take(self, value: object, size: int) -> None:
        """Keep a value that came in so many bytes; in none came none."""
        data = b"" if not size or size > MAX_EVENT else encoded(_trimmed(value) if self._omit else value)
        self.truncated = size > MAX_EVENT or len(data) > MAX_EVENT
        self.data = b"" if self.truncated else data


class Collected:
    """The body of an answer, chunk by chunk, as long as it is small enough.

    What is sent ``packed`` is not unpacked for this: only lists are that are larger than an event may be.
    """

    def __init__(self, *, packed: bool = False) -> None:
        self._chunks: list[bytes] = []
        self.size = MAX_EVENT + 1 if packed else 0

    def add(self, chunk: bytes) -> None:
        """Take a chunk."""
        self.size += len(chunk)
        if self.size > MAX_EVENT:
            self._chunks.clear()
        elif chunk:
            self._chunks.append(chunk)

    def value(self) -> Any:
        """Read it; None for what is empty, too large or no JSON."""
        try:
            return orjson.loads(b"".join(self._chunks)) if self._chunks else None
        except orjson.JSONDecodeError:
            return None


def is_json(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the headers of an answer announce JSON."""
    return any(name.lower() == b"content-type" and value.startswith(_JSON) for name, value in headers)


def is_packed(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether they announce something that has to be unpacked first."""
    return any(name.lower() == b"content-encoding" for name, _ in headers)


def encoded(value: object) -> bytes:
    """Write JSON on one line."""
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer of more than 64 bits, half a surrogate pair
        return json.dumps(value, separators=(",", ":")).encode()


def _trimmed(value: object) -> object:
    """Leave managedFields out of an object, a list's items or a Table's rows; the argument is not changed."""
    if not isinstance(value, dict):
        return value
    trimmed = _without(value)
    if isinstance(value.get("items"), list):
        trimmed["items"] = [_without(item) for item in value["items"]]
    if isinstance(value.get("rows"), list):
        trimmed["rows"] = [
            {**row, "object": _without(row["object"])} if isinstance(row, dict) and "object" in row else row
            for row in value["rows"]
        ]
    return trimmed


def _without(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    meta = value.get("metadata")
    if not isinstance(meta, dict) or "managedFields" not in meta:
        return dict(value)
    return {**value, "metadata": {name: kept for name, kept in meta.items() if name != "managedFields"}}
