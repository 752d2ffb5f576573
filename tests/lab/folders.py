"""A folder per test run, and the removal of what runs that were killed left behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import string
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def run_folder(root: Path, clean: Callable[[Path], None]) -> Iterator[Path]:
    """Give a new folder below ``root``; ``clean`` is called on each subfolder that a dead run left in its own.

    Its lock is held until then, and released by the kernel however the run ends.
    """
    root.mkdir(mode=0o755, parents=True, exist_ok=True)
    with ExitStack() as stack:
        with (root / "lock").open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            for folder in filter(Path.is_dir, root.iterdir()):
                _remove_if_dead(folder, clean)
            # Short: Podman takes no longer paths than 50 characters for what lies below.
            names = (f"{os.getpid()}{suffix}" for suffix in ("", *string.ascii_lowercase))
            mine = next(path for path in map(root.joinpath, names) if not path.exists())
            mine.mkdir()
            held = stack.enter_context((mine / "lock").open("w"))
            fcntl.flock(held, fcntl.LOCK_EX)
        yield mine
        shutil.rmtree(mine, ignore_errors=True)


def _remove_if_dead(folder: Path, clean: Callable[[Path], None]) -> None:
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for left in filter(Path.is_dir, folder.iterdir()):
            clean(left)
        shutil.rmtree(folder, ignore_errors=True)
