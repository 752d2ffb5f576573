"""A store without a disk: for tests, and the reference that the others are measured by."""

from __future__ import annotations

from edgeorch.errors import ServiceUnavailable
from edgeorch_server.store.backend import Change, Listener
from edgeorch_server.store.mvcc import MvccStore
from edgeorch_server.store.ring import RingLimits


class MemoryBackend:
    """A :class:`~edgeorch_server.store.backend.Backend` that commits everything at once."""

    def __init__(self) -> None:
        self._closed = False

    def listen(self, listener: Listener) -> None:
        """Nothing to tell: there is no disk."""

    def append(self, change: Change) -> None:  # noqa: ARG002 - nothing to keep: the core has it in memory
        """Take everything until closed."""
        if self._closed:
            raise ServiceUnavailable("the store is closed")

    @property
    def oldest_pending(self) -> int | None:
        """Nothing ever is."""
        return None

    async def close(self) -> None:
        """Refuse further changes."""
        self._closed = True


class MemoryStore(MvccStore):
    """A :class:`~edgeorch_server.store.base.Store` that forgets everything when it ends."""

    def __init__(self, *, ring: RingLimits | None = None) -> None:
        super().__init__(MemoryBackend(), ring=ring)
