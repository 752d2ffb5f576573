"""Detached processes that a later command can find again and stop, and never mistakes for others.

A process is known by its pid *and* its start time (field 22 of /proc/PID/stat, proc(5)): pids are reused, the
pair is not.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """One running (or ended) process."""

    pid: int
    started: int
    """Clock ticks after boot."""

    @property
    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        return _start_time(self.pid) == self.started

    def signal(self, number: int) -> None:
        """Send a signal if it still runs."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, timeout: float) -> bool:
        """Wait for the end, at most ``timeout`` seconds; True when it has ended."""
        try:
            handle = os.pidfd_open(self.pid)
        except OSError:
            return not self.alive
        try:
            if not self.alive:
                return True
            return bool(select.select([handle], [], [], timeout)[0])
        finally:
            os.close(handle)

    def stop(self, grace: float = 10.0) -> None:
        """End it in good order, and by force after ``grace`` seconds."""
        self.signal(signal.SIGTERM)
        if not self.wait(grace):
            self.signal(signal.SIGKILL)
            self.wait(5)


def start(command: Sequence[str], *, pid_file: Path, log_file: Path, environ: Mapping[str, str]) -> Process:
    """Start a process in a session of its own, its output appended to a file, its identity in another."""
    with log_file.open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(environ),
            start_new_session=True,
        )
    process = Process(child.pid, _start_time(child.pid) or 0)
    pid_file.write_text(json.dumps(asdict(process)))
    return process


def find(pid_file: Path) -> Process | None:
    """Give the process that a pid file names, if it still runs."""
    try:
        process = Process(**json.loads(pid_file.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return process if process.alive else None


def _start_time(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold blanks and brackets
    return None if fields[0] == "Z" else int(fields[19])
