"""Coroutines that wait for a revision to be committed."""

from __future__ import annotations

import asyncio
import heapq
import itertools


class Waiters:
    """A queue ordered by revision. A waiter that is cancelled takes nobody else along."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    async def wait(self, revision: int) -> None:
        """Wait until :meth:`release` has reached ``revision``; raises what :meth:`fail` was given."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._heap, (revision, next(self._order), future))
        await future

    def release(self, revision: int) -> None:
        """Let everyone go who waits for ``revision`` or an earlier one."""
        while self._heap and self._heap[0][0] <= revision:
            future = heapq.heappop(self._heap)[2]
            if not future.done():
                future.set_result(None)

    def fail(self, error: Exception) -> None:
        """Raise ``error`` in everyone who still waits."""
        heap, self._heap = self._heap, []
        for _, _, future in heap:
            if not future.done():
                future.set_exception(error)
