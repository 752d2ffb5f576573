"""Waiting for what a process of ours brings about, and saying why when it does not come."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edgeorch.cli.up import processes
from edgeorch.cli.up.layout import ClusterFolder
from edgeorch.errors import UserError

PATIENCE = 120.0
"""Seconds that a step may take before we give up; a Pi with a slow card needs some."""
_POLL = 0.1
_LAST_WORDS = 5


def wait(
    folder: ClusterFolder,
    workers: Sequence[str],
    what: str,
    ready: Callable[[], bool],
    *,
    patience: float = PATIENCE,
    poll: float = _POLL,
) -> None:
    """Ask every ``poll`` seconds until something is ready.

    Raises UserError with the last lines of a log when one of the ``workers``, the processes that make it ready,
    has ended, or after ``patience`` seconds.
    """
    deadline = time.monotonic() + patience
    while not ready():
        dead = next((name for name in workers if processes.find(folder.pid_file(name)) is None), None)
        if dead or time.monotonic() > deadline:
            how = "has ended" if dead else "is not ready"
            log = folder.log_file(dead or workers[0])
            raise UserError(f"{what} {how}; {log} says:\n{_last_words(log)}")
        time.sleep(poll)


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "(nothing)"
    return "\n".join(f"    {line}" for line in lines[-_LAST_WORDS:])
