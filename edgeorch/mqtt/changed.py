"""Waiting for a condition on one event loop, without a lock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changed:
    """Wakes everybody who waits for a predicate whenever :meth:`notify` says that it may hold now."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Make all waiters look again."""
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Return as soon as the predicate holds; at once when it holds already."""
        while not predicate():
            await self._event.wait()
