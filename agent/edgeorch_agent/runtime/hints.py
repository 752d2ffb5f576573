"""Carries runtime events from where they are noticed to whoever listens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from edgeorch_agent.runtime.base import RuntimeEvent, RuntimeFault

Listener = asyncio.Queue[RuntimeEvent | RuntimeFault | None]
"""Events; None ends it, a fault ends it badly."""


class Hints:
    """Hands each event to all listeners. An event is a hint, so none is kept for those who come later."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """Open a queue for as long as the block runs."""
        listener: Listener = asyncio.Queue()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def tell(self, event: RuntimeEvent) -> None:
        """Hand out an event."""
        for listener in self._listeners:
            listener.put_nowait(event)

    def close(self) -> None:
        """End all listeners."""
        for listener in self._listeners:
            listener.put_nowait(None)
