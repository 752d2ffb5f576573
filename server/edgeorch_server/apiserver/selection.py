"""What a watcher with a selector is told of a change: the pure half of watch."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgeorch_server.registry.codec import restamp
from edgeorch_server.registry.selection import Matches
from edgeorch_server.store.base import Entry, Event, EventType


@dataclass(frozen=True, slots=True)
class Change:
    """An event as one watcher sees it, through its selectors."""

    type: EventType
    entry: Entry


def seen_through(event: Event, matches: Matches | None) -> Change | None:
    """Turn an event into what a watcher with this selection is told; None when it is not told.

    An object that starts to match is ADDED, one that no longer does is DELETED, with its last matching state
    under the event's revision.
    """
    if matches is None:
        return Change(event.type, event.entry)
    was = event.previous is not None and matches(event.previous)
    if event.type is EventType.DELETED:
        return Change(event.type, event.entry) if was or matches(event.entry) else None
    if matches(event.entry):
        return Change(EventType.MODIFIED if was else EventType.ADDED, event.entry)
    if was and event.previous is not None:
        revision = event.entry.revision
        last = replace(event.previous, revision=revision, data=restamp(event.previous, revision).data)
        return Change(EventType.DELETED, last)
    return None
