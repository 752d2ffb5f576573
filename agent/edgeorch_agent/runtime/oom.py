"""Finds out from the kernel's log whether a container was killed for want of memory.

Podman learns it from conmon, which misses it on cgroup v1 hosts with recent kernels (its eventfd never fires
there). The kernel says it in its log in one line per kill, which names the memory cgroup, and Podman names a
container's cgroup ``libpod-ID``.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

_RECORD = 8192
_KILL = re.compile(rb"oom-kill:constraint=CONSTRAINT_MEMCG,.*?,oom_memcg=[^,]*libpod-([0-9a-f]{64})")


def oom_killed(records: bytes) -> frozenset[str]:
    """Give the ids of the containers whose memory limit made the kernel kill."""
    return frozenset(match[1].decode() for match in _KILL.finditer(records))


def kernel_log(path: Path = Path("/dev/kmsg")) -> bytes:
    """Read all the kernel still remembers; nothing where that is not allowed."""
    records: list[bytes] = []
    with suppress(OSError):  # ends with EAGAIN after the newest record
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            while True:
                try:
                    record = os.read(fd, _RECORD)
                except BrokenPipeError:  # a record was overwritten while we read: the next one is there
                    continue
                if not record:
                    break
                records.append(record)
        finally:
            os.close(fd)
    return b"".join(records)
