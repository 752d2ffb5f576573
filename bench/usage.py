"""What processes use, as /proc tells it (proc(5)); all of a process that has ended is 0."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Give the processor time a process has taken so far, to a hundredth of a second."""
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def pss(pids: Iterable[int]) -> float:
    """Give the memory of processes in MB: their own pages, and their share of those they share."""
    return sum(_number(pid, "smaps_rollup", r"^Pss:\s+(\d+) kB") for pid in pids) / 1024


def rss(pid: int) -> float:
    """Give the resident memory of a process in MB."""
    return _number(pid, "status", r"^VmRSS:\s+(\d+) kB") / 1024


def written(pid: int) -> int:
    """Give the bytes a process has caused to be written to disks (not to tmpfs)."""
    return _number(pid, "io", r"^write_bytes: (\d+)")


def _number(pid: int, file: str, pattern: str) -> int:
    found = re.search(pattern, _read(pid, file), re.MULTILINE)
    return int(found[1]) if found else 0


def _read(pid: int, file: str) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/{file}").read_text()
    return ""
