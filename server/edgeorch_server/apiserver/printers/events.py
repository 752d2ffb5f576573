"""Events: ``printEvent``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from edgeorch_server.apiserver.printers.columns import UNKNOWN, Column, JsonObject, Printer, name_of, since

_COLUMNS = (
    Column("Last Seen", "Time since it happened last."),
    Column("Type", "Normal or Warning."),
    Column("Reason", "One word for what happened."),
    Column("Object", "The object it happened to."),
    Column("Subobject", "The part of the object it happened to.", priority=1),
    Column("Source", "Who reports it.", priority=1),
    Column("Message", "What happened."),
    Column("First Seen", "Time since it happened first.", priority=1),
    Column("Count", "How often it happened.", priority=1),
    Column("Name", "Name of the event.", format="name", priority=1),
)


def _cells(event: JsonObject, now: dt.datetime) -> list[Any]:
    first = since(event.get("firstTimestamp") or event.get("eventTime"), now)
    last = since(event.get("lastTimestamp"), now)
    if last == UNKNOWN:
        last = first
    count = event.get("count") or 1
    if series := event.get("series"):
        last, count = since(series.get("lastObservedTime"), now), series.get("count") or 0
    about = event.get("involvedObject") or {}
    return [
        last,
        event.get("type") or "",
        event.get("reason") or "",
        _target(about),
        about.get("fieldPath") or "",
        _source(event),
        (event.get("message") or "").strip(),
        first,
        count,
        name_of(event),
    ]


def _target(about: JsonObject) -> str:
    kind = (about.get("kind") or "").lower()
    name = about.get("name")
    return f"{kind}/{name}" if name else kind


def _source(event: JsonObject) -> str:
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent") or ""
    instance = source.get("host") or event.get("reportingInstance")
    return f"{component}, {instance}" if instance else component


EVENTS = Printer(_COLUMNS, _cells)
