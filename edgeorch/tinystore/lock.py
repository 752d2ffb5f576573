"""One process per folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from edgeorch.tinystore.errors import StoreInUse


class FolderLock:
    """Held from construction to :meth:`release`; the kernel releases it when the process dies.

    Raises :class:`StoreInUse`.
    """

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            owner = os.pread(self._fd, 32, 0).decode(errors="replace").strip()
            self.release()
            raise StoreInUse(folder, owner) from exc
        # Only to tell others. A full disk keeps nobody out, and what is there is written over before it is cut.
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0))

    def release(self) -> None:
        """Let others in; safe to call twice. The file stays: removing it would race with them."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
