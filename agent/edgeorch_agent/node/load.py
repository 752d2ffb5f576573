"""What the whole board uses, from /proc below a root that tests can move."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from edgeorch_agent.node.facts import memory_in_use

_IDLE = {3, 4}
"""Places of ``idle`` and ``iowait`` among the numbers of /proc/stat (proc(5))."""
_COUNTED = 8
"""``guest`` and ``guest_nice``, which come after, are part of ``user`` and ``nice``."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the board has used."""

    cpu_nanoseconds: int
    """Time its processors were busy, all of them together, since it started."""
    memory_bytes: int
    """Memory that programs could not get right now."""


def read_load(root: Path = Path("/")) -> Load:
    """Read the load; raises OSError and ValueError where this is no Linux."""
    with (root / "proc/stat").open() as lines:
        numbers = [int(word) for word in lines.readline().split()[1 : _COUNTED + 1]]
    busy = sum(number for place, number in enumerate(numbers) if place not in _IDLE)
    return Load(busy * 10**9 // os.sysconf("SC_CLK_TCK"), memory_in_use(root))
