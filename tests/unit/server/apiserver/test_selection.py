"""What a watcher with a selection is told."""

from __future__ import annotations

import json

import pytest

from edgeorch.api.selectors import FieldSelector, Selector
from edgeorch_server.apiserver.selection import seen_through
from edgeorch_server.registry.selection import Matches, matcher
from edgeorch_server.store.base import Entry, Event, EventType

RED = matcher(Selector.parse("color=red"), None)


def entry(revision: int, color: str, phase: str = "") -> Entry:
    data = {"metadata": {"name": "x", "resourceVersion": str(revision)}, "color": color}
    return Entry("ns", "x", revision, json.dumps(data).encode(), "u", {"color": color}, {"status.phase": phase})


def event(kind: EventType, before: str | None, now: str) -> Event:
    return Event(kind, "things", entry(5, now), entry(3, before) if before else None)


@pytest.mark.parametrize(
    ("kind", "before", "now", "told"),
    [
        (EventType.ADDED, None, "red", "ADDED"),
        (EventType.ADDED, None, "blue", None),
        (EventType.MODIFIED, "red", "red", "MODIFIED"),
        (EventType.MODIFIED, "blue", "red", "ADDED"),
        (EventType.MODIFIED, "red", "blue", "DELETED"),
        (EventType.MODIFIED, "blue", "blue", None),
        (EventType.DELETED, "red", "red", "DELETED"),
        (EventType.DELETED, "blue", "blue", None),
        (EventType.DELETED, None, "red", "DELETED"),
    ],
)
def test_objects_enter_and_leave_a_selection(
    kind: EventType, before: str | None, now: str, told: str | None
) -> None:
    """Starting to match is ADDED, ceasing to is DELETED, the rest is nobody's business."""
    change = seen_through(event(kind, before, now), RED)
    assert (change.type if change else None) == told


@pytest.mark.parametrize("kind", EventType)
def test_without_a_selection_events_are_what_they_are(kind: EventType) -> None:
    """Nothing is looked at."""
    happened = event(kind, "blue", "red")
    change = seen_through(happened, None)
    assert change is not None
    assert (change.type, change.entry) == (kind, happened.entry)


def test_who_leaves_is_shown_as_it_last_matched() -> None:
    """The last matching state, under the revision of the change, so that a resume goes on after it."""
    change = seen_through(event(EventType.MODIFIED, "red", "blue"), RED)
    assert change is not None
    assert change.entry.revision == 5
    body = json.loads(change.entry.data)
    assert (body["color"], body["metadata"]["resourceVersion"]) == ("red", "5")


@pytest.mark.parametrize(
    ("selector", "seen"),
    [
        ("metadata.name=x", True),
        ("metadata.name=y", False),
        ("metadata.namespace=ns", True),
        ("status.phase=", True),
        ("status.phase!=", False),
    ],
)
def test_fields_select_like_labels(selector: str, seen: bool) -> None:
    """Name and namespace are fields too, and an absent value is an empty one."""
    matches: Matches | None = matcher(None, FieldSelector.parse(selector))
    assert (seen_through(event(EventType.ADDED, None, "red"), matches) is not None) is seen
