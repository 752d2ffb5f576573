"""Disks that misbehave: one without room, one that loses its power."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from pathlib import Path

from edgeorch.tinystore.disk import Disk, DiskFile

SECTOR = 512


class SmallDisk(Disk):
    """A disk with so many bytes of room. Writing into allocated room always works, as on a real one."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.broken = False
        """While set, syncs fail."""

    def create(self, path: Path) -> DiskFile:
        return _SmallFile(self, path, create=True)

    def open(self, path: Path) -> DiskFile:
        return _SmallFile(self, path)

    def use(self, size: int) -> None:
        if size > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= size


class _SmallFile(DiskFile):
    def __init__(self, disk: SmallDisk, path: Path, *, create: bool = False) -> None:
        super().__init__(path, create=create)
        self._disk = disk
        self._used = path.stat().st_size

    def _grow(self, end: int) -> None:
        self._disk.use(max(0, end - self._used))
        self._used = max(self._used, end)

    def write(self, data: bytes, offset: int) -> None:
        self._grow(offset + len(data))
        super().write(data, offset)

    def allocate(self, start: int, end: int) -> None:
        self._grow(end)
        super().allocate(start, end)

    def sync(self) -> None:
        if self._disk.broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync()


class PowerCut(Exception):
    """The machine is off: nothing after this happened."""


class ForgetfulDisk(Disk):
    """A disk whose power fails at its n-th operation, and which then forgets much of what was not synced.

    Of unsynced bytes each sector survives or not, by chance; of unsynced changes of names a prefix survives
    (file systems keep those in order). Call :meth:`restart` after :class:`PowerCut`.
    """

    def __init__(self, operations: int, seed: int) -> None:
        self._left = operations
        self._random = random.Random(seed)
        self._files: list[_ForgetfulFile] = []
        self._undo: list[Callable[[], None]] = []

    def operation(self) -> None:
        """Count down to the power cut."""
        self._left -= 1
        if self._left < 0:
            raise PowerCut

    def create(self, path: Path) -> DiskFile:
        self.operation()
        file = _ForgetfulFile(self, path, create=True)
        self._files.append(file)
        self._undo.append(lambda: file.path.unlink(missing_ok=True))
        return file

    def open(self, path: Path) -> DiskFile:
        file = _ForgetfulFile(self, path)
        self._files.append(file)
        return file

    def replace(self, source: Path, target: Path) -> None:
        self.operation()
        before = target.read_bytes() if target.exists() else None
        self._files = [f for f in self._files if f.path != target]
        [moved] = [f for f in self._files if f.path == source]
        super().replace(source, target)
        moved.path = target

        def undo() -> None:
            target.rename(source)
            moved.path = source
            if before is not None:
                target.write_bytes(before)

        self._undo.append(undo)

    def remove(self, path: Path) -> None:
        self.operation()
        if not path.exists():
            return
        before = path.read_bytes()
        self._files = [f for f in self._files if f.path != path]
        super().remove(path)
        self._undo.append(lambda: _put_back(path, before))

    def sync_folder(self, folder: Path) -> None:
        self.operation()
        super().sync_folder(folder)
        self._undo.clear()

    def restart(self) -> None:
        """Leave on the real disk what this one remembers."""
        self._left = 1 << 30
        for file in self._files:
            file.forget(self._random)
        survive = self._random.randint(0, len(self._undo))
        for undo in reversed(self._undo[survive:]):
            undo()


class _ForgetfulFile(DiskFile):
    def __init__(self, disk: ForgetfulDisk, path: Path, *, create: bool = False) -> None:
        super().__init__(path, create=create)
        self._disk = disk
        self._durable = path.read_bytes()

    def write(self, data: bytes, offset: int) -> None:
        self._disk.operation()
        super().write(data, offset)

    def allocate(self, start: int, end: int) -> None:
        self._disk.operation()
        super().allocate(start, end)

    def truncate(self, size: int) -> None:
        self._disk.operation()
        super().truncate(size)

    def sync(self) -> None:
        self._disk.operation()
        self._durable = self.path.read_bytes()

    def forget(self, chance: random.Random) -> None:
        """Mix what was synced with what was written since."""
        if not self.path.exists():
            return
        now = self.path.read_bytes()
        size = chance.choice([len(now), len(self._durable)])
        old, new = self._durable.ljust(size, b"\0"), now.ljust(size, b"\0")
        sectors = (chance.choice([old, new])[at : min(at + SECTOR, size)] for at in range(0, size, SECTOR))
        self.path.write_bytes(b"".join(sectors))


def _put_back(path: Path, data: bytes) -> None:
    path.write_bytes(data)
