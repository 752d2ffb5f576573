"""The store's contract: what the rest of the server may rely on, whichever backend runs.

Memory is the truth and everything happens on one event loop: reads and writes are plain calls without
locks or awaits, and only :meth:`Store.committed` waits, for the disk. The obligations:

* One integer revision counts every change of the whole store; it is the ``resourceVersion``. It never goes
  back and is never used twice, not even across a crash that lost soft writes.
* A write is visible to reads at once, to watchers only once it is committed, in revision order.
* A durable write is committed when it is on the disk. A soft write is committed at once, and reaches the
  disk with the next durable one or after a few seconds; a crash may lose it.
* A write that the disk has no room for raises :class:`edgeorch.errors.InsufficientStorage` and changes
  nothing. A failed fsync ends the process: nothing is acknowledged that may not be on the disk.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self


class Durability(enum.Enum):
    """When a write counts as done."""

    DURABLE = "durable"
    """On the disk before the reply: everything a user wrote, specs, bindings."""
    SOFT = "soft"
    """In memory at once, on the disk later: status, heartbeats, events, leases."""


class EventType(enum.StrEnum):
    """The words of a Kubernetes watch event."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom an object belongs to: one of its ``metadata.ownerReferences``."""

    uid: str
    api_version: str
    kind: str
    name: str
    controller: bool = False
    """The owner manages the object; at most one does."""
    blocks: bool = False
    """The object must be gone before an owner that is deleted in the foreground."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An object about to be stored, encoded with the revision it is going to have."""

    data: bytes
    """The object as JSON, ``metadata.resourceVersion`` included."""
    uid: str
    labels: Mapping[str, str]
    fields: Mapping[str, str]
    """Values of the kind's selectable fields (``spec.nodeName`` of a pod), besides name and namespace."""
    owners: tuple[Owner, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one object."""

    namespace: str
    """Empty for cluster-scoped kinds."""
    name: str
    revision: int
    data: bytes
    uid: str
    labels: Mapping[str, str]
    fields: Mapping[str, str]
    owners: tuple[Owner, ...] = ()

    @property
    def controller(self) -> Owner | None:
        """The owner that manages the object, if any."""
        for owner in self.owners:  # not a generator: controllers ask this of all their objects, again and again
            if owner.controller:
                return owner
        return None


@dataclass(frozen=True, slots=True)
class Event:
    """One change, as watchers see it. For ``DELETED`` the entry is the last state with a new revision."""

    type: EventType
    resource: str
    entry: Entry
    previous: Entry | None
    """The version before this one: a watch with a selector needs it to see objects enter and leave."""


Build = Callable[[int], Draft]
"""Encodes an object for the revision that the store gives it. Must not touch the store."""


class Watch(Protocol):
    """A stream of committed events. Iteration ends after :meth:`close`.

    It raises :class:`edgeorch.errors.Expired` when the reader fell behind further than its queue holds.
    """

    def __aiter__(self) -> AsyncIterator[Event]: ...

    async def __anext__(self) -> Event: ...

    def close(self) -> None:
        """End the watch; safe to call twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Store(Protocol):
    """The MVCC store. ``resource`` is a :attr:`edgeorch.api.resources.ResourceInfo.key`."""

    @property
    def revision(self) -> int:
        """Revision of the newest write, committed or not; what a list is as of."""
        ...

    def get(self, resource: str, namespace: str, name: str) -> Entry | None:
        """Read one object."""
        ...

    def list(self, resource: str, namespace: str | None = None, *, at: int | None = None) -> Sequence[Entry]:
        """Read all objects of a kind, of one namespace or of all, sorted by (namespace, name).

        ``at`` is the revision to read as of (``None``: now). Raises :class:`~edgeorch.errors.Expired` when it
        is older than the ring of events reaches, or newer than the store.
        """
        ...

    def owned(self, resource: str, owner: str) -> Sequence[Entry]:
        """Read the objects of a kind that belong to the owner with this uid, sorted by (namespace, name)."""
        ...

    def orphans(self, resource: str, namespace: str) -> Sequence[Entry]:
        """Read the objects of a kind in a namespace that no controller manages, sorted by name."""
        ...

    def dependents(self, owner: str) -> Sequence[tuple[str, Entry]]:
        """Read what belongs to the owner with this uid: every kind's objects, each with its resource."""
        ...

    def count(self, resource: str) -> int:
        """How many objects of a kind there are."""
        ...

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
        """Create or replace.

        ``expected`` is the revision that must be stored now: 0 for "must not exist"
        (:class:`~edgeorch.errors.AlreadyExists` otherwise), ``None`` for "whatever is there". Another
        revision, or none, raises :class:`~edgeorch.errors.Conflict`. Messages are the caller's business:
        the store's errors name the key only.
        """
        ...

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
        """Remove an object; ``build`` encodes its last state under the deletion's revision.

        Raises :class:`~edgeorch.errors.NotFound` or :class:`~edgeorch.errors.Conflict`.
        """
        ...

    async def committed(self, revision: int) -> None:
        """Return once every write up to ``revision`` is committed."""
        ...

    @property
    def committed_revision(self) -> int:
        """The newest revision that watchers have been shown: what a bookmark may name."""
        ...

    def watch(
        self, resource: str, namespace: str | None = None, *, since: int | None = None, queue: int = 1024
    ) -> Watch:
        """Stream the changes after revision ``since`` (``None``: from now on).

        A reader may fall ``queue`` events behind, or as many bytes of them as the ring of events holds.

        Raises :class:`~edgeorch.errors.Expired` when ``since`` is older than the ring of events reaches, or
        newer than the store.
        """
        ...

    def end_watches(self, resource: str) -> None:
        """Let all watches of a kind that is not served any more end, after the events that are committed."""
        ...

    def reindex(self, resource: str, fields_of: Callable[[bytes], Mapping[str, str]]) -> None:
        """Read the selectable fields of a kind's objects anew, because they are others from now on.

        Objects and revisions stay as they are, so watchers are told nothing.
        """
        ...

    async def close(self) -> None:
        """Write what is soft, end all watches, release the files."""
        ...
