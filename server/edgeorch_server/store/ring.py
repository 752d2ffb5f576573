"""The newest committed events, so that a watch can continue where it broke off."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edgeorch_server.store.base import Event


@dataclass(frozen=True, slots=True)
class RingLimits:
    """How much history is kept; whichever is reached first."""

    events: int = 10_000
    """Number of events."""
    size: int = 16 * 1024 * 1024
    """Bytes of the events' objects; current ones count too. What they replaced may come on top, once."""


class Ring:
    """Bounded history in revision order.

    Invariant: it holds every committed event with a revision above :attr:`floor`.
    """

    def __init__(self, floor: int, limits: RingLimits) -> None:
        self._events: deque[Event] = deque()
        self._floor = floor
        self._limits = limits
        self._size = 0

    @property
    def floor(self) -> int:
        """The oldest revision that a watch can continue from."""
        return self._floor

    def append(self, event: Event) -> None:
        """Add a committed event, newer than all before; the oldest ones make room."""
        self._events.append(event)
        self._size += len(event.entry.data)
        while len(self._events) > self._limits.events or self._size > self._limits.size:
            oldest = self._events.popleft()
            self._size -= len(oldest.entry.data)
            self._floor = oldest.entry.revision

    def since(self, revision: int, resource: str, namespace: str | None) -> list[Event]:
        """Give the events after ``revision``, which must not lie below :attr:`floor`, oldest first."""
        assert revision >= self._floor, "the caller checks the floor: below it events are missing"
        found = []
        for event in reversed(self._events):  # most watches continue close to the end
            if event.entry.revision <= revision:
                break
            if event.resource == resource and namespace in {None, event.entry.namespace}:
                found.append(event)
        found.reverse()
        return found
