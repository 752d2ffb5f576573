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

    Of unsynced bytes each sector survives or not, by chance, and so does each unsynced removal; of unsynced
    new names a prefix survives. Call :meth:`restart` after :class:`PowerCut`.
    """

    def __init__(self, operations: int, seed: int) -> None:
        self._left = operations
        self._random = random.Random(seed)
        self.synced: dict[Path, bytes] = {}
        """What is on the disk for sure, of every file that was opened."""
        self._names: list[Callable[[], None]] = []
        """How to undo each change of a name, oldest first."""
        self._removed: dict[Path, bytes] = {}

    def operation(self) -> None:
        """Count down to the power cut."""
        self._left -= 1
        if self._left < 0:
            raise PowerCut

    def create(self, path: Path) -> DiskFile:
        self.operation()
        file = _ForgetfulFile(self, path, create=True)
        self._names.append(lambda: path.unlink(missing_ok=True))
        return file

    def open(self, path: Path) -> DiskFile:
        return _ForgetfulFile(self, path)

    def replace(self, source: Path, target: Path) -> None:
        self.operation()
        before = target.read_bytes() if target.exists() else None
        super().replace(source, target)
        self.synced[target] = self.synced.pop(source)

        def undo() -> None:
            target.rename(source)
            if before is not None:
                target.write_bytes(before)

        self._names.append(undo)

    def remove(self, path: Path) -> None:
        self.operation()
        if path.exists():
            self._removed[path] = path.read_bytes()
            self.synced.pop(path, None)
            super().remove(path)

    def sync_folder(self, folder: Path) -> None:  # noqa: ARG002 - there is one folder
        self.operation()
        self._names.clear()
        self._removed.clear()

    def restart(self) -> None:
        """Leave on the real disk what this one remembers."""
        for path, synced in self.synced.items():
            path.write_bytes(self._mix(synced, path.read_bytes()))
        survive = self._random.randint(0, len(self._names))
        for undo in reversed(self._names[survive:]):
            undo()
        for path, before in self._removed.items():
            if self._random.random() < 0.5 and not path.exists():
                path.write_bytes(before)

    def _mix(self, synced: bytes, now: bytes) -> bytes:
        size = self._random.choice([len(now), len(synced)])
        either = (synced.ljust(size, b"\0"), now.ljust(size, b"\0"))
        ends = range(SECTOR, size + SECTOR, SECTOR)
        return b"".join(self._random.choice(either)[end - SECTOR : min(end, size)] for end in ends)


class _ForgetfulFile(DiskFile):
    def __init__(self, disk: ForgetfulDisk, path: Path, *, create: bool = False) -> None:
        super().__init__(path, create=create)
        self._disk = disk
        disk.synced.setdefault(path, path.read_bytes())

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
        self._disk.synced[self.path] = self.path.read_bytes()
