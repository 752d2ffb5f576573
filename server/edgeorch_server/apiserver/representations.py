"""How objects, lists and watch events are written: as stored, as Tables, or as metadata only.

In the plain representation nothing is decoded or encoded: the stored bytes are put together. Lists come in
pieces, so that a long one neither needs its whole size in memory at once nor keeps the event loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import orjson

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch_server.apiserver.negotiation import IncludeObject, Representation, Shape
from edgeorch_server.registry.base import Page
from edgeorch_server.store.base import Entry

JsonObject = dict[str, Any]

INITIAL_EVENTS_END = "k8s.io/initial-events-end"
"""Annotation of the bookmark that ends the initial events of a watch list."""


class TablePrinter(Protocol):
    """Knows the columns of each kind (``kubectl get``)."""

    def columns(self, resource: ResourceInfo[Object]) -> list[JsonObject]:
        """Give the Table's ``columnDefinitions``."""
        ...

    def cells(self, resource: ResourceInfo[Object], body: JsonObject) -> list[Any]:
        """Give one object's row, as many cells as there are columns."""
        ...


class Representations:
    """Writes stored entries in any representation."""

    def __init__(self, printer: TablePrinter) -> None:
        self._printer = printer

    def object(self, resource: ResourceInfo[Object], entry: Entry, how: Representation) -> bytes:
        """Write one object; a Table of one row has the object's resourceVersion."""
        match how.shape:
            case Shape.OBJECT:
                return resource.shown(entry.data)
            case Shape.METADATA:
                return orjson.dumps(_metadata(orjson.loads(entry.data), how))
            case Shape.TABLE:
                return self.table_event(resource, entry, how, headers=True)

    def table_event(
        self, resource: ResourceInfo[Object], entry: Entry, how: Representation, *, headers: bool
    ) -> bytes:
        """Write a Table of one row; in a watch only the first one carries the column definitions."""
        meta = {"resourceVersion": str(entry.revision)}
        head = self._table_head(resource, how, meta, headers=headers)
        return b"".join((head, self._row(resource, entry, how), b"]}"))

    def page(self, resource: ResourceInfo[Object], page: Page, how: Representation) -> Iterator[bytes]:
        """Write a list, piece by piece, about one piece for each item."""
        meta: JsonObject = {"resourceVersion": str(page.revision)}
        if page.continue_:
            meta["continue"] = page.continue_
        if page.remaining is not None:
            meta["remainingItemCount"] = page.remaining
        match how.shape:
            case Shape.OBJECT:
                yield _list_head(f"{resource.kind}List", resource.api_version, meta)
                items = (resource.shown(entry.data) for entry in page.entries)
            case Shape.METADATA:
                yield _list_head("PartialObjectMetadataList", how.api_version, meta)
                items = (self.object(resource, entry, how) for entry in page.entries)
            case Shape.TABLE:
                yield self._table_head(resource, how, meta, headers=True)
                items = (self._row(resource, entry, how) for entry in page.entries)
        separator = b""
        for item in items:
            yield separator + item
            separator = b","
        yield b"]}\n"

    def bookmark(
        self, resource: ResourceInfo[Object], revision: int, how: Representation, *, initial_end: bool = False
    ) -> bytes:
        """Write a bookmark's object: nothing but its kind and how far the watch has come."""
        meta: JsonObject = {"resourceVersion": str(revision)}
        if initial_end:
            meta["annotations"] = {INITIAL_EVENTS_END: "true"}
        partial = {"kind": "PartialObjectMetadata", "apiVersion": how.api_version, "metadata": meta}
        match how.shape:
            case Shape.OBJECT:
                value: JsonObject = {
                    "kind": resource.kind,
                    "apiVersion": resource.api_version,
                    "metadata": meta,
                }
            case Shape.METADATA:
                value = partial
            case Shape.TABLE:
                row = {"cells": [""] * len(self._printer.columns(resource)), "object": partial}
                value = {
                    "kind": "Table",
                    "apiVersion": how.api_version,
                    "metadata": {"resourceVersion": str(revision)},
                    "columnDefinitions": [],
                    "rows": [row],
                }
        return orjson.dumps(value)

    def _table_head(
        self, resource: ResourceInfo[Object], how: Representation, meta: JsonObject, *, headers: bool
    ) -> bytes:
        columns = self._printer.columns(resource) if headers else []
        head = {"kind": "Table", "apiVersion": how.api_version, "metadata": meta, "columnDefinitions": columns}
        return orjson.dumps(head)[:-1] + b',"rows":['

    def _row(self, resource: ResourceInfo[Object], entry: Entry, how: Representation) -> bytes:
        body = orjson.loads(entry.data)
        row = b'{"cells":' + orjson.dumps(self._printer.cells(resource, body))
        match how.include:
            case IncludeObject.NONE:
                return row + b"}"
            case IncludeObject.METADATA:
                return b"".join((row, b',"object":', orjson.dumps(_metadata(body, how)), b"}"))
            case IncludeObject.OBJECT:
                return b"".join((row, b',"object":', resource.shown(entry.data), b"}"))


def _list_head(kind: str, api_version: str, meta: Mapping[str, Any]) -> bytes:
    head = {"kind": kind, "apiVersion": api_version, "metadata": meta}
    return orjson.dumps(head)[:-1] + b',"items":['


def _metadata(body: JsonObject, how: Representation) -> JsonObject:
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": how.api_version,
        "metadata": body.get("metadata") or {},
    }
