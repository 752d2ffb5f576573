"""The seam between the MVCC core and what keeps it on a disk.

The core owns revisions, objects, events and watches; a backend owns durability. It is told of every change
before memory is touched, so that a change it refuses leaves nothing to undo, and it says which durable
changes are still on their way. Everything is called on the event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edgeorch_server.store.base import Durability, Entry


@dataclass(frozen=True, slots=True)
class Change:
    """One write that is about to happen."""

    resource: str
    entry: Entry
    """The object as it will be; of a deletion, its last state."""
    created: int
    """Revision under which this object was created; unique, so it can serve as its row number."""
    deleted: bool
    durability: Durability

    @property
    def revision(self) -> int:
        """The revision this change makes."""
        return self.entry.revision


@dataclass(frozen=True, slots=True)
class Listener:
    """What a backend calls when something happened on its disk."""

    committed: Callable[[], None]
    """``oldest_pending`` has changed."""
    failed: Callable[[BaseException], None]
    """The disk failed: what is pending will never be acknowledged."""


class Backend(Protocol):
    """Keeps what the core tells it."""

    def listen(self, listener: Listener) -> None:
        """Name the core. Called once, before the first change."""
        ...

    def append(self, change: Change) -> None:
        """Take a change, or raise :class:`~edgeorch.errors.InsufficientStorage` and take nothing.

        Raises :class:`~edgeorch.errors.ServiceUnavailable` once closed or failed.
        """
        ...

    @property
    def oldest_pending(self) -> int | None:
        """Revision of the oldest durable change that is not on the disk yet; None when all are."""
        ...

    async def close(self) -> None:
        """Bring everything taken to the disk, then refuse further changes. Safe to call twice."""
        ...
