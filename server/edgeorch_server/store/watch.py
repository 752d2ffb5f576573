"""Watches: one bounded queue per reader, and the hub that fills them.

Bounded in number, and in bytes, which are what a reader that stands still costs a small board.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Self

from edgeorch.errors import Expired
from edgeorch_server.store.base import Event


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How far a reader may fall behind; whichever is reached first."""

    events: int
    size: int
    """Bytes of the events' objects."""


class QueueWatch:
    """A :class:`~edgeorch_server.store.base.Watch` for one reader at a time."""

    def __init__(
        self,
        resource: str,
        namespace: str | None,
        since: int,
        backlog: Iterable[Event],
        limits: QueueLimits,
        forget: Callable[[QueueWatch], None],
    ) -> None:
        self.resource = resource
        self._namespace = namespace
        self._since = since
        self._queue = deque(backlog)
        # The backlog is in the ring's memory anyway; the limits are for what comes on top.
        self._size = sum(len(event.entry.data) for event in self._queue)
        self._most = limits.events + len(self._queue)
        self._largest = limits.size + self._size
        self._forget = forget
        self._wake: asyncio.Future[None] | None = None
        self._closed = False
        self._overflowed = False

    def offer(self, event: Event) -> None:
        """Queue an event of the watched resource, unless it is none of this watch's."""
        if event.entry.revision <= self._since or self._namespace not in {None, event.entry.namespace}:
            return
        self._size += len(event.entry.data)
        # one event is always taken, however large: its reader may be quick
        if self._queue and (len(self._queue) >= self._most or self._size > self._largest):
            self._overflowed = True
            self.close()
            return
        self._queue.append(event)
        self._wake_reader()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._queue:
            if self._overflowed:
                raise Expired("The watch fell too far behind: list again and watch from there.")
            if self._closed:
                raise StopAsyncIteration
            # Nothing is taken before the wait is over, so a cancelled reader loses no event.
            assert self._wake is None, "a watch has one reader"
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await self._wake
            finally:
                self._wake = None
        event = self._queue.popleft()
        self._size -= len(event.entry.data)
        return event

    def close(self) -> None:
        """End the iteration; what is still queued is dropped."""
        if self._closed:
            return
        self._closed = True
        self._queue.clear()
        self._forget(self)
        self._wake_reader()

    def finish(self) -> None:
        """Let the iteration end after what is queued: nothing will follow."""
        if not self._closed:
            self._closed = True
            self._forget(self)
            self._wake_reader()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wake_reader(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


class Hub:
    """All open watches, by resource."""

    def __init__(self) -> None:
        # A dict keeps insertion order and lets a watch that overflows leave while it is being served.
        self._watches: dict[str, dict[QueueWatch, None]] = {}

    def add(
        self,
        resource: str,
        namespace: str | None,
        since: int,
        backlog: Iterable[Event],
        limits: QueueLimits,
    ) -> QueueWatch:
        """Open a watch that starts with ``backlog`` and goes on with events after ``since``."""
        watch = QueueWatch(resource, namespace, since, backlog, limits, self._forget)
        self._watches.setdefault(resource, {})[watch] = None
        return watch

    def publish(self, event: Event) -> None:
        """Offer a committed event to everyone who watches its resource."""
        for watch in tuple(self._watches.get(event.resource, ())):
            watch.offer(event)

    def end(self, resource: str) -> None:
        """Let the watches of one resource end after what is queued."""
        for watch in tuple(self._watches.get(resource, ())):
            watch.finish()

    def close(self) -> None:
        """End all watches."""
        for watches in tuple(self._watches.values()):
            for watch in tuple(watches):
                watch.close()

    def _forget(self, watch: QueueWatch) -> None:
        watches = self._watches[watch.resource]
        del watches[watch]
        if not watches:
            del self._watches[watch.resource]
