"""The conditions an agent reports for its node: kubelet's four, and ours for what boards get wrong.

Pure: measurements in, conditions out. ``lastTransitionTime`` moves only when the status does, so that an
unchanged node gives byte-identical reports and nothing is sent. The server turns Ready to Unknown by itself
when it hears nothing more (node lifecycle controller).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from edgeorch.api.core.node import NodeCondition
from edgeorch.api.meta import format_time

DISK_PRESSURE_SHARE = 0.10
"""kubelet's default hard eviction threshold ``nodefs.available<10%``."""
MEMORY_PRESSURE_BYTES = 100 * 1024 * 1024
"""kubelet's default hard eviction threshold ``memory.available<100Mi``."""
MEMORY_CGROUP_ADVICE = (
    "memory limits have no effect: the kernel's memory cgroup is off; on a Raspberry Pi add "
    "'cgroup_enable=memory cgroup_memory=1' to the line in /boot/firmware/cmdline.txt and reboot"
)


@dataclass(frozen=True, slots=True)
class Measurements:
    """What the conditions are derived from; sizes in bytes."""

    disk_total: int
    disk_free: int
    memory_available: int
    runtime_error: str
    """Empty while the runtime answers."""
    memory_cgroup: bool = True
    """Whether memory limits take effect."""


def derive(measured: Measurements, previous: Sequence[NodeCondition], now: dt.datetime) -> list[NodeCondition]:
    """Give all conditions, in kubelet's order."""
    stamp = format_time(now)
    before = {condition.type: condition for condition in previous}
    conditions = []
    for kind, status, reason, message in _verdicts(measured):
        old = before.get(kind)
        changed = stamp if old is None or old.status != status else old.lastTransitionTime
        conditions.append(
            NodeCondition(type=kind, status=status, reason=reason, message=message, lastTransitionTime=changed)
        )
    return conditions


def _verdicts(measured: Measurements) -> list[tuple[str, str, str, str]]:
    low_memory = measured.memory_available < MEMORY_PRESSURE_BYTES
    low_disk = measured.disk_free < measured.disk_total * DISK_PRESSURE_SHARE
    verdicts = [
        ("MemoryPressure", "True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
        if low_memory
        else (
            "MemoryPressure",
            "False",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available",
        ),
        ("DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure")
        if low_disk
        else ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        (
            "Ready",
            "False",
            "KubeletNotReady",
            f"container runtime is down: {measured.runtime_error}",
        )
        if measured.runtime_error
        else ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ]
    if not measured.memory_cgroup:
        verdicts.append(
            (
                "MemoryLimitsIgnored",
                "True",
                "MemoryCgroupDisabled",
                MEMORY_CGROUP_ADVICE,
            )
        )
    return verdicts
