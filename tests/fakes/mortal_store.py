"""A store that stops in the middle of what a controller does, as a server does that is killed."""

from __future__ import annotations

from typing import Any

from edgeorch_server.store.base import Entry
from edgeorch_server.store.memory import MemoryStore


class Killed(Exception):
    """The server is no more."""


class MortalStore(MemoryStore):
    """Dies with a write, which is stored or not, and takes no further one until it is revived."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None
        self.stored_last = True

    def put(self, *args: Any, **more: Any) -> Entry:
        self._live()
        entry = super().put(*args, **more)
        self._die()
        return entry

    def delete(self, *args: Any, **more: Any) -> Entry:
        self._live()
        entry = super().delete(*args, **more)
        self._die()
        return entry

    def _live(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0 or (self.left == 0 and not self.stored_last):
                raise Killed

    def _die(self) -> None:
        if self.left is not None and self.left <= 0:
            raise Killed
