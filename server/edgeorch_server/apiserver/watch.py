"""Watch: where it starts, what each watcher is told, and the thin loop that tells it.

The semantics are those of the API concepts ("Efficient detection of changes", "Watch bookmarks", "Streaming
lists"): without a resourceVersion, or with ``0``, a watch begins with synthetic ADDED events of what there is;
with one it begins right after it; too old a version ends the stream with an ERROR event of code 410.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace

import orjson

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import ApiError, Expired
from edgeorch_server.apiserver.negotiation import Representation, Shape
from edgeorch_server.apiserver.params import Collection, WatchOptions
from edgeorch_server.apiserver.representations import Representations
from edgeorch_server.apiserver.selection import Change, seen_through
from edgeorch_server.apiserver.streaming import Source
from edgeorch_server.registry.base import Objects, Page
from edgeorch_server.registry.selection import Matches, matcher
from edgeorch_server.store.base import Event, EventType, Watch

BOOKMARK_INTERVAL = 60.0
"""Seconds between bookmarks, for who allowed them."""

MIN_TIMEOUT = 1800.0
"""Seconds; a watch without ``timeoutSeconds`` ends after one to two times this (``--min-request-timeout``)."""

_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a watch begins."""

    initial: bool = False
    """With synthetic ADDED events of the present state."""
    since: int | None = None
    """Else after this revision; None is now."""
    marker: bool = False
    """A bookmark says when the initial events are over."""


def start_of(resource_version: str, options: WatchOptions) -> Start:
    """Decide where a watch begins."""
    at_any_point = resource_version in ("", "0")
    # sendInitialEvents is by default true for those versions and false for all others, as meta/v1 says
    asked = options.send_initial_events
    initial = at_any_point if asked is None else asked
    since = None if initial or at_any_point else int(resource_version)
    return Start(initial=initial, since=since, marker=initial and options.bookmarks)


class EventEncoder:
    """Encodes each event once for each representation, whatever the number of watchers.

    All watchers of an event read it within moments of each other, so remembering the last few is enough.
    """

    def __init__(self, representations: Representations, remembered: int = 256) -> None:
        self._representations = representations
        self._remembered = remembered
        self._lines: OrderedDict[tuple[str, str, int, EventType, Representation, bool], bytes] = OrderedDict()

    def line(
        self, resource: ResourceInfo[Object], change: Change, how: Representation, *, first: bool
    ) -> bytes:
        """Give the event as one line of JSON; ``first`` of its watch matters to Tables only."""
        headers = first and how.shape is Shape.TABLE
        # a revision is one write of one object, so it identifies the entry
        key = (resource.key, resource.version, change.entry.revision, change.type, how, headers)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = self.encode(resource, change, how, first=first)
            if len(self._lines) > self._remembered:
                self._lines.popitem(last=False)
        return line

    def encode(
        self, resource: ResourceInfo[Object], change: Change, how: Representation, *, first: bool
    ) -> bytes:
        """Encode without remembering: for initial events, which are each watcher's own."""
        if how.shape is Shape.TABLE:
            data = self._representations.table_event(resource, change.entry, how, headers=first)
        else:
            data = self._representations.object(resource, change.entry, how)
        return _event(change.type, data)

    def bookmark(
        self, resource: ResourceInfo[Object], revision: int, how: Representation, *, initial_end: bool = False
    ) -> bytes:
        """Give a BOOKMARK event."""
        return _event(
            "BOOKMARK", self._representations.bookmark(resource, revision, how, initial_end=initial_end)
        )


def _event(kind: str, data: bytes) -> bytes:
    return b"".join((b'{"type":"', kind.encode(), b'","object":', data, b"}\n"))


def error_event(error: ApiError) -> bytes:
    """Give an ERROR event; it is always the last one, and always a Status, also among Tables."""
    return _event("ERROR", orjson.dumps(error.to_status()))


class Watches:
    """Opens watches.

    ``jitter`` gives numbers from 0 to 1, to spread the ends of watches that named no time-out.
    """

    def __init__(
        self,
        objects: Objects,
        encoder: EventEncoder,
        *,
        bookmark_interval: float = BOOKMARK_INTERVAL,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._objects = objects
        self._encoder = encoder
        self._bookmark_interval = bookmark_interval
        self._jitter = jitter

    def open(self, resource: ResourceInfo[Object], query: Collection, how: Representation) -> Source:
        """Start a watch as of now and give its lines; whoever gets them must close them."""
        options = query.watch or WatchOptions()
        select = query.select
        start = start_of(select.resource_version, options)
        page: Page | None = None
        try:
            if start.initial:
                page = self._objects.list_entries(resource, replace(select, limit=0, continue_=""))
            since = page.revision if page else start.since
            watch = self._objects.watch_entries(resource, select.namespace, since=since)
        except Expired as exc:
            return _only(error_event(exc))
        told = _Told(resource, how, self._encoder, self._objects.revision if since is None else since)
        return _OpenWatch(
            watch,
            told,
            initial=_initial(told, page, marker=start.marker) if page else iter(()),
            matches=matcher(select.labels, select.fields),
            timeout=options.timeout_seconds or MIN_TIMEOUT * (1 + self._jitter()),
            bookmark_interval=self._bookmark_interval if options.bookmarks else None,
            newest=lambda: self._objects.revision,
        )


class _OpenWatch:
    """One watch: holds its subscription from the start, and tells what comes until its time is over."""

    def __init__(
        self,
        watch: Watch,
        told: _Told,
        *,
        initial: Iterator[bytes],
        matches: Matches | None,
        timeout: float,
        bookmark_interval: float | None,
        newest: Callable[[], int],
    ) -> None:
        self._watch = watch
        self._told = told
        self._initial = initial
        self._matches = matches
        self._bookmark_interval = bookmark_interval
        self._newest = newest
        self._deadline = asyncio.get_running_loop().time() + timeout

    async def aclose(self) -> None:
        self._watch.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._initial:
            yield piece
            await asyncio.sleep(0)  # a long list must not keep the event loop
        next_bookmark = self._next_bookmark()
        while True:
            try:
                event, known = await self._next_event(min(next_bookmark, self._deadline))
            except StopAsyncIteration:
                return
            except Expired as exc:
                yield error_event(exc)
                return
            if event is not None:
                if (line := self._told.event(event, self._matches)) is not None:
                    yield line
                continue
            if self._bookmark_interval is not None:
                yield self._told.bookmark(known)
            if asyncio.get_running_loop().time() >= self._deadline:
                return
            next_bookmark = self._next_bookmark()

    async def _next_event(self, until: float) -> tuple[Event | None, int]:
        """Wait for an event; None when it is time, with a revision up to which everything has been told.

        The newest revision is read in the same step in which the wait begins: if that finds nothing queued,
        all up to this revision has been told. Read after the wait it could name an event that came in the
        very moment the wait was given up, and who resumes from such a bookmark would never hear of it. So
        when the time is up the watch is looked at once more, without waiting.
        """
        while True:
            last_look = asyncio.get_running_loop().time() >= until
            known = self._newest()
            try:
                async with asyncio.timeout_at(until):
                    return await anext(self._watch), known
            except TimeoutError:
                if last_look:
                    return None, known

    def _next_bookmark(self) -> float:
        if self._bookmark_interval is None:
            return self._deadline
        return asyncio.get_running_loop().time() + self._bookmark_interval


class _Told:
    """What one watcher has been told: its newest revision, and whether it has seen the columns of its Table."""

    def __init__(
        self, resource: ResourceInfo[Object], how: Representation, encoder: EventEncoder, revision: int
    ) -> None:
        self._resource = resource
        self._how = how
        self._encoder = encoder
        self.revision = revision
        self._first = True

    def initial(self, change: Change) -> bytes:
        first, self._first = self._first, False
        return self._encoder.encode(self._resource, change, self._how, first=first)

    def event(self, event: Event, matches: Matches | None) -> bytes | None:
        """Tell an event; None when it is none of this watcher's business."""
        self.revision = max(self.revision, event.entry.revision)
        change = seen_through(event, matches)
        if change is None:
            return None
        first, self._first = self._first, False
        return self._encoder.line(self._resource, change, self._how, first=first)

    def bookmark(self, revision: int, *, initial_end: bool = False) -> bytes:
        """Tell how far this watch has come: a revision never goes back within one watch."""
        self.revision = max(self.revision, revision)
        return self._encoder.bookmark(self._resource, self.revision, self._how, initial_end=initial_end)


def _initial(told: _Told, page: Page, *, marker: bool) -> Iterator[bytes]:
    """Give the synthetic ADDED events, several to a piece, and the bookmark that ends them."""
    lines: list[bytes] = []
    size = 0
    for entry in page.entries:
        line = told.initial(Change(EventType.ADDED, entry))
        lines.append(line)
        size += len(line)
        if size >= _PIECE:
            yield b"".join(lines)
            lines, size = [], 0
    if marker:
        lines.append(told.bookmark(page.revision, initial_end=True))
    if lines:
        yield b"".join(lines)


async def _only(line: bytes) -> AsyncGenerator[bytes, None]:
    """Tell one line and end."""
    yield line
