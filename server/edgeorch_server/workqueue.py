"""The work queue of a controller, with client-go's three sets and their guarantees.

* A key that is queued several times is handed out once.
* A key is never handed to two workers: added while it is being processed it becomes *dirty*, and is queued
  again when the worker is done with it.
* Delays and back-off run on the event loop's clock, so that tests use virtual time.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)

BASE_DELAY = 0.005
MAX_DELAY = 300.0
"""Seconds: the first retry comes after the base delay, each further one after twice the last, up to this."""
MAX_DOUBLINGS = 20


class WorkQueue(Generic[KeyT]):
    """A queue of keys to reconcile."""

    def __init__(self) -> None:
        self._queued: OrderedDict[KeyT, None] = OrderedDict()
        self._processing: set[KeyT] = set()
        self._dirty: set[KeyT] = set()
        self._delayed: dict[KeyT, asyncio.TimerHandle] = {}
        self._failures: dict[KeyT, int] = {}
        self._available = asyncio.Event()

    def add(self, key: KeyT) -> None:
        """Queue a key now."""
        timer = self._delayed.pop(key, None)
        if timer is not None:
            timer.cancel()
        if key in self._processing:
            self._dirty.add(key)
            return
        self._queued[key] = None
        self._available.set()

    def add_after(self, key: KeyT, delay: float) -> None:
        """Queue a key after ``delay`` seconds; an earlier time that was set before stays."""
        if delay <= 0:
            self.add(key)
            return
        loop = asyncio.get_running_loop()
        timer = self._delayed.get(key)
        if timer is not None:
            if timer.when() <= loop.time() + delay:
                return
            timer.cancel()
        self._delayed[key] = loop.call_later(delay, self.add, key)

    def retry(self, key: KeyT) -> float:
        """Queue a key that failed, after its back-off; gives the delay in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay: float = min(BASE_DELAY * 2 ** min(failures, MAX_DOUBLINGS), MAX_DELAY)
        self.add_after(key, delay)
        return delay

    def forget(self, key: KeyT) -> None:
        """End the back-off of a key that went well."""
        self._failures.pop(key, None)

    def unsettled(self) -> list[KeyT]:
        """Give what failed and waits, and what is being processed, which may be failing at this moment."""
        return [*(self._failures.keys() & self._delayed.keys()), *self._processing]

    async def get(self) -> KeyT:
        """Wait for a key and take it; :meth:`done` must follow."""
        while not self._queued:
            self._available.clear()
            await self._available.wait()
        key, _ = self._queued.popitem(last=False)
        self._processing.add(key)
        return key

    def done(self, key: KeyT) -> None:
        """Say that a worker is finished with a key."""
        self._processing.discard(key)
        if key in self._dirty:
            self._dirty.discard(key)
            self.add(key)

    def __len__(self) -> int:
        return len(self._queued)

    def close(self) -> None:
        """Cancel all delayed keys."""
        for timer in self._delayed.values():
            timer.cancel()
        self._delayed.clear()
