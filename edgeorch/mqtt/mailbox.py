"""Hands what happens on the network thread over to the event loop, many things at a time."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

MAX_BYTES = 32 * 1024 * 1024
SLICE = 256
"""Items run before the event loop gets its turn again."""

Item = tuple[int, Callable[..., object], tuple[Any, ...]]


class Mailbox:
    """A queue of calls from one thread to one event loop.

    One wake-up of the loop serves everything that has gathered. When more than ``max_bytes`` wait, :meth:`post`
    blocks its thread: nothing is read from the socket then, and TCP slows the broker down.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, max_bytes: int = MAX_BYTES) -> None:
        self._loop = loop
        self._max_bytes = max_bytes
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._scheduled = False
        self._closed = False
        self._room = threading.Condition()

    def post(self, function: Callable[..., object], *args: Any, size: int = 0) -> None:
        """Call ``function`` on the event loop, after everything posted before. Called on the thread.

        ``size`` is what the call keeps in memory, in bytes.
        """
        with self._room:
            while self._bytes and self._bytes + size > self._max_bytes and not self._closed:
                self._room.wait()
            self._items.append((size, function, args))
            self._bytes += size
            wake, self._scheduled = not self._scheduled, True
        if wake:
            try:
                self._loop.call_soon_threadsafe(self._drain)
            except RuntimeError:  # the loop is closed: the process is on its way out
                self.close()

    def close(self) -> None:
        """Let a blocked :meth:`post` go; what still comes is kept and run, whatever it takes."""
        with self._room:
            self._closed = True
            self._room.notify_all()

    def _drain(self) -> None:
        with self._room:
            batch = [self._items.popleft() for _ in range(min(SLICE, len(self._items)))]
            self._bytes -= sum(size for size, _, _ in batch)
            self._scheduled = bool(self._items)
            again = self._scheduled
            self._room.notify_all()
        if again:
            self._loop.call_soon(self._drain)
        for _, function, args in batch:
            try:
                function(*args)
            except Exception:
                logger.exception("a call from the network thread failed")
