"""Which objects and changes a selection lets through: the pure half of list and watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import orjson

from edgeorch.api.selectors import FieldSelector, Selector
from edgeorch_server.store.base import Entry, Event, EventType

Selects = Callable[[Entry], bool]


@dataclass(frozen=True, slots=True)
class Change:
    """An event as one watcher sees it, through its selectors."""

    type: EventType
    entry: Entry


class _Fields(Mapping[str, str]):
    """An entry's selectable fields, with name and namespace among them, without copying any."""

    __slots__ = ("_entry",)

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def __getitem__(self, field: str) -> str:
        match field:
            case "metadata.name":
                return self._entry.name
            case "metadata.namespace":
                return self._entry.namespace
            case _:
                return self._entry.fields[field]

    def __iter__(self) -> Iterator[str]:
        yield from ("metadata.name", "metadata.namespace", *self._entry.fields)

    def __len__(self) -> int:
        return len(self._entry.fields) + 2


def selects(labels: Selector | None, fields: FieldSelector | None) -> Selects | None:
    """Put both selectors together; None when everything is selected."""
    if labels is None and fields is None:
        return None

    def matches(entry: Entry) -> bool:
        return (labels is None or labels.matches(entry.labels)) and (
            fields is None or fields.matches(_Fields(entry))
        )

    return matches


def seen_through(event: Event, wanted: Selects | None) -> Change | None:
    """Turn an event into what a watcher with this selection is told; None when it is not told.

    An object that starts to match is ADDED, one that no longer does is DELETED with its last matching state
    under the event's revision (the API concepts' "efficient detection of changes").
    """
    if wanted is None:
        return Change(event.type, event.entry)
    was = event.previous is not None and wanted(event.previous)
    if event.type is EventType.DELETED:
        return Change(event.type, event.entry) if was or wanted(event.entry) else None
    if wanted(event.entry):
        return Change(EventType.MODIFIED if was else EventType.ADDED, event.entry)
    if was and event.previous is not None:
        return Change(EventType.DELETED, _with_revision(event.previous, event.entry.revision))
    return None


def _with_revision(entry: Entry, revision: int) -> Entry:
    body = orjson.loads(entry.data)
    body["metadata"]["resourceVersion"] = str(revision)
    return replace(entry, revision=revision, data=orjson.dumps(body))
