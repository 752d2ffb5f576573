"""Where events go: a file that is rotated by size, written behind the backs of those who wait for answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import deque
from pathlib import Path

MAX_SIZE = 10 * 1024 * 1024
"""Bytes of a file; then the next one begins."""
BACKUPS = 5
MAX_WAITING = 8 * 1024 * 1024
"""Bytes of events in memory that are not written yet; the oldest give way."""
INTERVAL = 1.0
"""Seconds between two writes; when much is waiting the next one begins at once."""

logger = logging.getLogger(__name__)


class AuditLog:
    """Collects lines and writes them now and then; :meth:`run` is its task.

    A disk that is full costs events, and one line in the server's log when it begins and when it ends.
    """

    def __init__(
        self, path: Path, *, max_size: int = MAX_SIZE, backups: int = BACKUPS, max_waiting: int = MAX_WAITING
    ) -> None:
        self._path = path
        self._max_size = max_size
        self._backups = backups
        self._max_waiting = max_waiting
        self._waiting: deque[bytes] = deque()
        self._size = 0
        """Bytes that are waiting."""
        self._much = asyncio.Event()
        self._lost = 0
        self._failing = False

    def add(self, line: bytes) -> None:
        """Take a line, newline included; never waits."""
        self._waiting.append(line)
        self._size += len(line)
        while self._size > self._max_waiting:
            self._size -= len(self._waiting.popleft())
            self._lost += 1
        if self._size * 4 > self._max_waiting:
            self._much.set()

    async def run(self) -> None:
        """Write for ever; what has come by then also at the end."""
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(INTERVAL):
                        await self._much.wait()
                lines = self._take()
                if lines:
                    await self._write_aside(lines)
        finally:
            self._write(self._take())

    async def _write_aside(self, lines: list[bytes]) -> None:
        """Write in a thread, which is waited for even at the end: the last lines come after these."""
        writing = asyncio.ensure_future(asyncio.to_thread(self._write, lines))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            raise

    def _take(self) -> list[bytes]:
        lines = list(self._waiting)
        self._waiting.clear()
        self._size = 0
        self._much.clear()
        return lines

    def _write(self, lines: list[bytes]) -> None:
        if not lines:
            return
        try:
            self._append(lines)
        except OSError as exc:
            self._lost += len(lines)
            if not self._failing:
                logger.warning("cannot write the audit log %s, events are lost: %s", self._path, exc.strerror)
            self._failing = True
            return
        if self._failing or self._lost:
            logger.warning("the audit log %s is written again, %d events were lost", self._path, self._lost)
        self._failing, self._lost = False, 0

    def _append(self, lines: list[bytes]) -> None:
        """Write all lines or none: half a line would spoil the next one too."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            data = b"".join(lines)
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
        if size + len(data) > self._max_size:
            self._rotate()

    def _rotate(self) -> None:
        for number in range(self._backups - 1, 0, -1):
            older = self._backup(number)
            if older.exists():
                older.replace(self._backup(number + 1))
        self._path.replace(self._backup(1))

    def _backup(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
