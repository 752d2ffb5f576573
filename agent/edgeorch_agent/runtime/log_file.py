"""Reads the log that conmon writes for a container (Podman's ``k8s-file`` driver).

One line per line or piece of it, in the order written, in the format of Kubernetes' container runtimes::

    2024-03-01T12:00:00.123456789+00:00 stdout F the text
    TIME STREAM (F: ends a line, P: goes on in the next piece) TEXT

The file is read rather than Podman's REST log because that gives whole seconds only (Kubernetes' API promises
RFC 3339 with nanoseconds), holds a thread per reader, and breaks off when Podman's service is restarted.
conmon keeps the file within its size limit by beginning a new one under the same name; a follower goes on
with that.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from edgeorch_agent.runtime.rfc3339 import epoch, zulu

_BLOCK: Final = 1 << 18
_TAG: Final = 2
"""Which of a raw line's parts says whether the line ends."""
_POLL: Final = 0.1
"""Seconds between two looks at a file that did not grow."""


async def read_log(
    path: Path,
    *,
    ended: asyncio.Event,
    tail: int | None = None,
    since: float | None = None,
    timestamps: bool = False,
) -> AsyncGenerator[bytes, None]:
    """Stream a log until ``ended`` is set and everything that was written before that has been read."""
    raw, lines = RawLog(path, tail=tail), LineFilter(since=since, timestamps=timestamps)
    try:
        while True:
            last_look = ended.is_set()
            while block := await asyncio.to_thread(raw.read):
                if text := lines.feed(block):
                    yield text
            if last_look:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), _POLL)
    finally:
        raw.close()


class LineFilter:
    """Turns raw lines into what a client asked for; remembers only which streams are amid a line."""

    def __init__(self, *, since: float | None = None, timestamps: bool = False) -> None:
        self._since = since
        self._timestamps = timestamps
        self._amid: set[bytes] = set()

    def feed(self, raw: bytes) -> bytes:
        """Translate whole raw lines."""
        out = bytearray()
        for line in raw.split(b"\n"):
            try:
                when, stream, tag, text = line.split(b" ", 3)
            except ValueError:  # empty, or cut short by a power failure
                continue
            if self._since is not None and epoch(when) < self._since:
                continue
            if self._timestamps and stream not in self._amid:
                out += zulu(when) + b" "
            out += text
            if tag.startswith(b"P"):
                self._amid.add(stream)
            else:
                self._amid.discard(stream)
                out += b"\n"
        return bytes(out)


class RawLog:
    """Whole raw lines of a log file, across its replacement by conmon. Blocks: call it in a thread."""

    def __init__(self, path: Path, *, tail: int | None = None) -> None:
        """``tail`` begins that many lines before the end. The file need not be there yet."""
        self._path = path
        self._tail = tail
        self._file: BinaryIO | None = None
        self._rest = b""

    def read(self) -> bytes:
        """Give the next whole lines; nothing when there are no new ones."""
        if self._file is None and not self._open():
            return b""
        while True:
            assert self._file is not None
            block = self._file.read(_BLOCK)
            if not block and not self._replaced():
                return b""
            whole, end, self._rest = (self._rest + block).rpartition(b"\n")
            if end:
                return whole + end

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _open(self) -> bool:
        try:
            self._file = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            return False
        if self._tail is not None:
            self._file.seek(tail_offset(self._file, self._tail))
            self._tail = None
        return True

    def _replaced(self) -> bool:
        assert self._file is not None
        held = os.fstat(self._file.fileno())
        if held.st_size < self._file.tell():
            self._file.seek(0)
            return True
        try:
            if self._path.stat().st_ino == held.st_ino:
                return False
        except FileNotFoundError:  # the container was removed
            return False
        self._file.close()
        return self._open()


def tail_offset(file: BinaryIO, lines: int) -> int:
    """Find where the last ``lines`` lines begin. A line that conmon wrote in pieces counts once."""
    end = file.seek(0, os.SEEK_END)
    if lines <= 0:
        return end
    size = _BLOCK
    while True:
        start = max(0, end - size)
        file.seek(start)
        raw = file.read(end - start)
        offset = _last_lines(raw, lines, whole=start == 0)
        if offset is not None:
            return start + offset
        if start == 0:
            return 0
        size *= 4


def _last_lines(raw: bytes, lines: int, *, whole: bool) -> int | None:
    """Give where the last lines begin, or None when the text does not hold more than that many.

    Unless the text is ``whole`` its first line may be cut.
    """
    end = len(raw) - raw.endswith(b"\n")
    found = 0
    while end > 0:
        start = raw.rfind(b"\n", 0, end) + 1
        if start == 0 and not whole:
            return None
        pieces = raw[start:end].split(b" ", 3)
        if found == 0 or (len(pieces) > _TAG and pieces[_TAG].startswith(b"F")):
            found += 1
            if found > lines:
                return end + 1
        end = start - 1
    return None
