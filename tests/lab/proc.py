"""What /proc tells of processes (proc(5)); a process that has just ended tells nothing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_GONE_WITHIN = 15.0


def pids() -> list[int]:
    """Give all processes but this one."""
    return [int(e.name) for e in Path("/proc").iterdir() if e.name.isdigit() and int(e.name) != os.getpid()]


def command_line(pid: int) -> bytes:
    """Give the arguments, a NUL after each; nothing for a kernel thread or a zombie."""
    return _read(pid, "cmdline")


def environment(pid: int) -> dict[str, str]:
    """Give the environment that a process was started with."""
    variables = (os.fsdecode(entry).partition("=") for entry in _read(pid, "environ").split(b"\0"))
    return {name: value for name, _, value in variables if name}


def name(pid: int) -> str:
    """Give the command's name (at most 15 bytes)."""
    return _read(pid, "comm").decode(errors="replace").strip()


def mounts(pid: int) -> bytes:
    """Give the mounts that a process sees (mountinfo)."""
    return _read(pid, "mountinfo")


def cgroups(pid: int) -> bytes:
    """Give the control groups a process is in."""
    return _read(pid, "cgroup")


def children(parent: int) -> list[int]:
    """Give the processes that a process has started and not lost."""
    return [pid for pid in pids() if _parent(pid) == parent]


def alive(pid: int) -> bool:
    """Tell whether a process still runs; a zombie does not."""
    return _state(pid) not in {"", "Z"}


def kill(victims: Iterable[int], number: int = signal.SIGKILL) -> None:
    """Send a signal to processes and wait until all of them are gone."""
    doomed = list(victims)
    for pid in doomed:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    deadline = time.monotonic() + _GONE_WITHIN
    while left := [pid for pid in doomed if alive(pid)]:
        for pid in left:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        assert time.monotonic() < deadline, f"processes {left} do not end"
        time.sleep(0.02)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop a process for a while (SIGSTOP), all of it: its threads come to a stop one after another."""
    os.kill(pid, signal.SIGSTOP)
    try:
        deadline = time.monotonic() + _GONE_WITHIN
        while set(map(_state_in, Path(f"/proc/{pid}/task").glob("*/stat"))) - {"T", ""}:
            assert time.monotonic() < deadline, f"process {pid} does not stop"
            time.sleep(0.005)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _state(pid: int) -> str:
    return _state_in(Path(f"/proc/{pid}/stat"))


def _state_in(stat: Path) -> str:
    return _after_name(stat)[0]


def _parent(pid: int) -> int:
    return int(_after_name(Path(f"/proc/{pid}/stat"))[1] or 0)


def _after_name(stat: Path) -> list[str]:
    return _bytes(stat).decode(errors="replace").rpartition(")")[2].split()[:2] or ["", ""]


def _read(pid: int, file: str) -> bytes:
    return _bytes(Path(f"/proc/{pid}/{file}"))


def _bytes(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""
