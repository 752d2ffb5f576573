"""Ends a child process that an earlier run of ours left behind."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 5.0


async def end_left_over(pid_file: Path, argument: str) -> None:
    """End the process that the pid file names, if this argument on its command line shows that it is ours."""
    pid = _find(pid_file, argument)
    if pid is None:
        return
    logger.warning("ending process %d, left over from an earlier run", pid)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if await _signal_and_wait(pid, number):
            return


def _find(pid_file: Path, argument: str) -> int | None:
    try:
        pid = int(pid_file.read_text())
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if argument.encode() in arguments else None


async def _signal_and_wait(pid: int, number: signal.Signals) -> bool:
    """Signal a process that is no child of ours; True once it has ended."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        loop.add_reader(descriptor, ended.set)
        signal.pidfd_send_signal(descriptor, number)
        await asyncio.wait_for(ended.wait(), PATIENCE_SECONDS)
    except ProcessLookupError:
        return True
    except TimeoutError:
        return False
    else:
        return True
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
