"""The MVCC core: revisions, objects, events and watches in memory, over any :class:`Backend`."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Self

from edgeorch.errors import AlreadyExists, Conflict, Expired, NotFound, ServiceUnavailable
from edgeorch_server.store.backend import Backend, Change, Listener
from edgeorch_server.store.base import Build, Durability, Entry, Event, EventType, Watch
from edgeorch_server.store.collection import Collection, Stored
from edgeorch_server.store.ring import Ring, RingLimits
from edgeorch_server.store.undo import undo
from edgeorch_server.store.waiters import Waiters
from edgeorch_server.store.watch import Hub, QueueLimits


class MvccStore:
    """A :class:`~edgeorch_server.store.base.Store`.

    Invariants, between any two steps of the event loop:

    * ``committed_revision <= revision``; they are equal when no durable write is on its way.
    * ``_uncommitted`` holds the events in between, in revision order; the ring those up to it.
    * Watchers have been offered exactly the ring's events.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        revision: int = 0,
        contents: Mapping[str, Iterable[Stored]] | None = None,
        ring: RingLimits | None = None,
    ) -> None:
        self._backend = backend
        self._revision = revision
        self._committed = revision
        self._collections = {name: Collection(objects) for name, objects in (contents or {}).items()}
        self._uncommitted: deque[Event] = deque()
        self._limits = ring or RingLimits()
        self._ring = Ring(revision, self._limits)
        self._hub = Hub()
        self._waiters = Waiters()
        self._dead: Exception | None = None
        """Why nothing will be committed any more, once the store is closed or its disk has failed."""
        backend.listen(Listener(committed=self._advance, failed=self._fail))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def revision(self) -> int:
        """Newest write, committed or not."""
        return self._revision

    @property
    def committed_revision(self) -> int:
        """Newest write that watchers have been shown."""
        return self._committed

    def get(self, resource: str, namespace: str, name: str) -> Entry | None:
        """Read one object."""
        stored = self._find(resource, namespace, name)
        return stored.entry if stored else None

    def list(self, resource: str, namespace: str | None = None, *, at: int | None = None) -> Sequence[Entry]:
        """Read all objects of a kind or of one namespace, now or as of a revision; see :meth:`Store.list`."""
        collection = self._collections.get(resource)
        present = collection.entries(namespace) if collection else []
        if at is None or at == self._revision:
            return present
        self._check_reach(at)
        not_yet_shown = (
            event
            for event in self._uncommitted
            if event.entry.revision > at
            and event.resource == resource
            and namespace in {None, event.entry.namespace}
        )
        return undo(present, itertools.chain(self._ring.since(at, resource, namespace), not_yet_shown))

    def owned(self, resource: str, owner: str) -> Sequence[Entry]:
        """Read the objects of a kind that belong to the owner with this uid."""
        collection = self._collections.get(resource)
        return collection.owned(owner) if collection else []

    def orphans(self, resource: str, namespace: str) -> Sequence[Entry]:
        """Read the objects of a kind in a namespace that no controller manages."""
        collection = self._collections.get(resource)
        return collection.orphans(namespace) if collection else []

    def dependents(self, owner: str) -> Sequence[tuple[str, Entry]]:
        """Read what belongs to the owner with this uid."""
        return [
            (resource, entry)
            for resource, collection in self._collections.items()
            for entry in collection.owned(owner)
        ]

    def count(self, resource: str) -> int:
        """How many objects of a kind there are."""
        return len(self._collections.get(resource, ()))

    def put(
        self,
        resource: str,
        namespace: str,
        name: str,
        build: Build,
        *,
        expected: int | None = None,
        durability: Durability = Durability.DURABLE,
    ) -> Entry:
        """Create or replace; see :meth:`Store.put`."""
        old = self._find(resource, namespace, name)
        if expected == 0 and old:
            raise AlreadyExists(f"{_key(resource, namespace, name)} already exists", kind=resource, name=name)
        _check_expected(resource, namespace, name, old, expected)
        entry = self._build(namespace, name, build)
        created = old.created if old else entry.revision
        self._backend.append(Change(resource, entry, created, deleted=False, durability=durability))
        self._collections.setdefault(resource, Collection()).put(Stored(entry, created))
        kind = EventType.MODIFIED if old else EventType.ADDED
        self._written(Event(kind, resource, entry, old.entry if old else None))
        return entry

    def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        build: Build,
        *,
        expected: int | None = None,
        durability: Durability = Durability.DURABLE,
    ) -> Entry:
        """Remove; see :meth:`Store.delete`."""
        old = self._find(resource, namespace, name)
        if old is None:
            raise NotFound(f"{_key(resource, namespace, name)} not found", kind=resource, name=name)
        _check_expected(resource, namespace, name, old, expected)
        entry = self._build(namespace, name, build)
        self._backend.append(Change(resource, entry, old.created, deleted=True, durability=durability))
        self._collections[resource].remove(namespace, name)
        self._written(Event(EventType.DELETED, resource, entry, old.entry))
        return entry

    async def committed(self, revision: int) -> None:
        """Wait for the disk; raises ServiceUnavailable when the store ends before the write is safe."""
        if revision <= self._committed:
            return
        if self._dead:
            raise self._dead
        await self._waiters.wait(revision)

    def watch(
        self, resource: str, namespace: str | None = None, *, since: int | None = None, queue: int = 1024
    ) -> Watch:
        """Stream committed changes; see :meth:`Store.watch`."""
        if since is None:
            since = self._revision
        self._check_reach(since)
        if self._dead:
            raise self._dead
        backlog = self._ring.since(since, resource, namespace)
        # what a reader has not read yet may take as much as the ring, which mostly holds the same objects
        limits = QueueLimits(queue, self._limits.size)
        return self._hub.add(resource, namespace, since, backlog, limits)

    def end_watches(self, resource: str) -> None:
        """End all watches of a kind; see :meth:`Store.end_watches`."""
        self._hub.end(resource)

    def reindex(self, resource: str, fields_of: Callable[[bytes], Mapping[str, str]]) -> None:
        """Read the selectable fields anew; see :meth:`Store.reindex`."""
        if resource in self._collections:
            self._collections[resource].reindex(fields_of)

    async def close(self) -> None:
        """Bring everything to the disk, then end all watches."""
        await self._backend.close()
        self._end(ServiceUnavailable("the store is closed"))

    def _check_reach(self, revision: int) -> None:
        """Refuse a revision whose changes since are not all in memory."""
        if revision < self._ring.floor:
            raise Expired(f"too old resource version: {revision} ({self._ring.floor})")
        if revision > self._revision:
            raise Expired(f"too large resource version: {revision}, current: {self._revision}")

    def _find(self, resource: str, namespace: str, name: str) -> Stored | None:
        collection = self._collections.get(resource)
        return collection.get(namespace, name) if collection else None

    def _build(self, namespace: str, name: str, build: Build) -> Entry:
        revision = self._revision + 1
        draft = build(revision)
        assert self._revision + 1 == revision, "build must not write to the store"
        return Entry(namespace, name, revision, draft.data, draft.uid, draft.labels, draft.fields, draft.owners)

    def _written(self, event: Event) -> None:
        self._revision = event.entry.revision
        self._uncommitted.append(event)
        self._advance()

    def _advance(self) -> None:
        """Show watchers and waiters what has been committed since the last time."""
        pending = self._backend.oldest_pending
        self._committed = self._revision if pending is None else pending - 1
        while self._uncommitted and self._uncommitted[0].entry.revision <= self._committed:
            event = self._uncommitted.popleft()
            self._ring.append(event)
            self._hub.publish(event)
        self._waiters.release(self._committed)

    def _fail(self, error: BaseException) -> None:
        unavailable = ServiceUnavailable("the store's disk failed: the write may be lost")
        unavailable.__cause__ = error
        self._end(unavailable)

    def _end(self, reason: Exception) -> None:
        self._dead = self._dead or reason
        self._waiters.fail(self._dead)
        self._hub.close()


def _key(resource: str, namespace: str, name: str) -> str:
    return f'{resource} "{namespace}/{name}"' if namespace else f'{resource} "{name}"'


def _check_expected(resource: str, namespace: str, name: str, old: Stored | None, expected: int | None) -> None:
    stored = old.entry.revision if old else 0
    if expected is not None and expected != stored:
        key = _key(resource, namespace, name)
        raise Conflict(f"{key} is at revision {stored}, not {expected}", kind=resource, name=name)
