from __future__ import annotations

import pytest

from edgeorch_server.store.base import Entry, Event, EventType
from edgeorch_server.store.ring import Ring, RingLimits


def event(revision: int, *, size: int = 1, namespace: str = "default", resource: str = "pods") -> Event:
    entry = Entry(namespace, "a", revision, b"x" * size, "", {}, {})
    return Event(EventType.MODIFIED, resource, entry, None)


def since(ring: Ring, revision: int, namespace: str | None = None) -> list[int]:
    return [e.entry.revision for e in ring.since(revision, "pods", namespace)]


def test_an_empty_ring_continues_from_where_it_was_made() -> None:
    """After a restart, a watch can go on from the store's revision and from nothing older."""
    ring = Ring(40, RingLimits())
    assert ring.floor == 40
    assert since(ring, 40) == []


def test_history_is_bounded_by_number() -> None:
    """The oldest event makes room; from its revision on, nothing is missing."""
    ring = Ring(0, RingLimits(events=3))
    for revision in range(1, 6):
        ring.append(event(revision))
    assert ring.floor == 2
    assert since(ring, 2) == [3, 4, 5]


def test_history_is_bounded_by_size() -> None:
    """Large objects leave less history, not more memory."""
    ring = Ring(0, RingLimits(size=100))
    for revision in range(1, 6):
        ring.append(event(revision, size=40))
    assert ring.floor == 3
    ring.append(event(6, size=500))
    assert ring.floor == 6
    assert since(ring, 6) == []


def test_only_what_is_watched_comes_back() -> None:
    """Events of other resources and namespaces are passed over."""
    ring = Ring(0, RingLimits())
    ring.append(event(1))
    ring.append(event(2, namespace="other"))
    ring.append(event(3, resource="nodes"))
    assert since(ring, 0) == [1, 2]
    assert since(ring, 0, "other") == [2]


def test_below_the_floor_is_the_callers_mistake() -> None:
    """Nobody silently gets a history with holes."""
    ring = Ring(5, RingLimits())
    with pytest.raises(AssertionError):
        ring.since(4, "pods", None)
