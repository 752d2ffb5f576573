"""One journal file: frames one after the other, in room that was allocated before."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from edgeorch.errors import InsufficientStorage, ServiceUnavailable
from edgeorch.tinystore.disk import FULL, Disk, DiskFile
from edgeorch.tinystore.frames import OVERHEAD

_NAME = re.compile(r"journal-(\d{8,})")
_BLOCK = 4096
_ZEROS = bytes(64 << 10)


def journal_path(folder: Path, number: int) -> Path:
    """Name journal ``number``."""
    return folder / f"journal-{number:08}"


def journal_numbers(folder: Path) -> list[int]:
    """List the journals of a folder, in order."""
    return sorted(int(match[1]) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name)))


class Journal:
    """The end of a journal: where the next frame goes, and how much room there is for it.

    :meth:`write` may run in another thread than the rest. ``_allocated`` is set by both sides; the worst a race
    does is to forget an extension, which is then asked for again.
    """

    def __init__(self, number: int, file: DiskFile, end: int, chunk: int) -> None:
        self.number = number
        self._file = file
        self._end = end
        self._allocated = end
        self._zeroed = end
        self._chunk = chunk

    @classmethod
    def create(cls, disk: Disk, folder: Path, number: int, chunk: int) -> Journal:
        """Make an empty journal with its first chunk of room, durably. Raises OSError and leaves nothing."""
        path = journal_path(folder, number)
        file = disk.create(path)
        try:
            journal = cls(number, file, 0, chunk)
            journal._allocate(chunk)
            file.sync()
            disk.sync_folder(folder)
        except OSError:
            file.close()
            with contextlib.suppress(OSError):
                disk.remove(path)
            raise
        return journal

    @classmethod
    def reopen(cls, disk: Disk, path: Path, number: int, end: int, chunk: int) -> Journal:
        """Go on at ``end`` in an existing journal, behind which are only zeros. A full disk is no error."""
        journal = cls(number, disk.open(path), end, chunk)
        with contextlib.suppress(OSError):
            journal._allocate(end + chunk)
        return journal

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @property
    def end(self) -> int:
        """Where the next frame goes."""
        return self._end

    def reserve(self, payload: int) -> None:
        """Make sure that a frame with ``payload`` bytes will find room.

        Raises :class:`InsufficientStorage`, or :class:`ServiceUnavailable` when the disk says anything else.
        """
        needed = self._end + payload + OVERHEAD
        if needed <= self._allocated:
            return
        try:
            try:
                self._allocate(needed + self._chunk)
            except OSError as exc:
                if exc.errno not in FULL:
                    raise
                self._allocate(needed + -needed % _BLOCK)  # the last blocks are good for a few writes
        except OSError as exc:
            if exc.errno in FULL:
                raise InsufficientStorage("the disk that holds the store is full: nothing was changed") from exc
            raise ServiceUnavailable(f"the store cannot be written: {exc.strerror}") from exc

    def write(self, frame: bytes) -> None:
        """Write a frame whose room was reserved, and sync. One at a time, in any thread.

        Raises OSError: then nobody knows what is on the disk.
        """
        offset, end = self._end, self._end + len(frame)
        assert end <= self._allocated, "frames only go where room was reserved"
        if self._allocated - end < self._chunk // 2:
            # Get the next chunk before it is needed. If there is none, reserve() will say so when it is.
            with contextlib.suppress(OSError):
                self._allocate(self._allocated + self._chunk)
        if end > self._zeroed and len(frame) < len(_ZEROS):
            # The first write to allocated room makes the file system note that it is in use now, which costs
            # more than the write. So small frames write zeros ahead, and the next ones go over them.
            room = min(len(_ZEROS), self._allocated - end)
            self._file.write(frame + _ZEROS[:room], offset)
            self._zeroed = end + room
        else:
            self._file.write(frame, offset)
        self._file.sync()
        self._end = end

    def close(self) -> None:
        """Give the room that was not used back, and close."""
        with contextlib.suppress(OSError):
            self._file.truncate(self._end)
        self._file.close()

    def _allocate(self, end: int) -> None:
        self._file.allocate(self._allocated, end)
        self._allocated = max(self._allocated, end)
