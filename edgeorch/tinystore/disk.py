"""The file operations that durability is made of, in one place, so that tests can cut the power.

Errors are the operating system's (``OSError``); whoever calls knows what they mean.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Error numbers that say there is no room, now."""

_CANNOT_ALLOCATE = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})
_ZEROS = 1 << 16


class DiskFile:
    """An open file, written at given offsets. Readable by its owner only: the store holds secrets."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if create else 0)
        self.path = path
        self._fd = os.open(path, flags, 0o600)

    def write(self, data: bytes, offset: int) -> None:
        """Write all of ``data``."""
        view = memoryview(data)
        while view:
            written = os.pwrite(self._fd, view, offset)
            view, offset = view[written:], offset + written

    def allocate(self, start: int, end: int) -> None:
        """Make sure that writing zeros' place from ``start`` to ``end`` will not fail for want of room."""
        try:
            os.posix_fallocate(self._fd, start, end - start)
        except OSError as exc:
            if exc.errno not in _CANNOT_ALLOCATE:
                raise
            for at in range(start, end, _ZEROS):
                self.write(bytes(min(_ZEROS, end - at)), at)

    def truncate(self, size: int) -> None:
        """Cut off, or fill up with zeros."""
        os.ftruncate(self._fd, size)

    def sync(self) -> None:
        """Return once what was written, and the size needed to read it, is on the disk."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Close; safe to call twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class Disk:
    """A real disk."""

    def create(self, path: Path) -> DiskFile:
        """Create a file that must not exist."""
        return DiskFile(path, create=True)

    def open(self, path: Path) -> DiskFile:
        """Open a file that exists."""
        return DiskFile(path)

    def replace(self, source: Path, target: Path) -> None:
        """Rename atomically; durable after :meth:`sync_folder`."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file; no error if it is gone already."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Return once the folder's names are on the disk."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
