"""What this board is: read once at start from /proc, /sys and /etc, below a root that tests can move."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

GO_ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
    "riscv64": "riscv64",
    "i686": "386",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
}
"""``uname -m`` -> the word that images and ``kubernetes.io/arch`` use."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The unchanging facts of a node; sizes in bytes."""

    hostname: str
    architecture: str
    kernel: str
    os_image: str
    machine_id: str
    system_uuid: str
    boot_id: str
    cpus: int
    memory: int
    swap: int
    disk: int
    """Size of the file system that holds images and volumes."""
    model: str = ""
    """The board's own name, such as ``Raspberry Pi 4 Model B Rev 1.4``; empty on a PC."""


def read_facts(disk_folder: Path, root: Path = Path("/")) -> Facts:
    """Read the facts; a file that is missing gives an empty word, never an error."""
    memory = _meminfo(root)
    uname = platform.uname()
    return Facts(
        hostname=uname.node,
        architecture=GO_ARCHITECTURES.get(uname.machine, uname.machine),
        kernel=uname.release,
        os_image=_os_image(root),
        machine_id=_word(root / "etc/machine-id"),
        system_uuid=_word(root / "sys/class/dmi/id/product_uuid") or _word(root / "etc/machine-id"),
        boot_id=_word(root / "proc/sys/kernel/random/boot_id"),
        cpus=len(os.sched_getaffinity(0)),
        memory=memory.get("MemTotal", 0),
        swap=memory.get("SwapTotal", 0),
        disk=shutil.disk_usage(disk_folder).total,
        model=_word(root / "proc/device-tree/model"),
    )


def _word(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip("\0\n ")
    except OSError:
        return ""


def _meminfo(root: Path) -> dict[str, int]:
    """Read /proc/meminfo (proc(5): values in kibibytes) in bytes."""
    found = {}
    for line in _word(root / "proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        value = rest.split()
        if value and value[0].isdigit():
            found[name] = int(value[0]) * 1024
    return found


def available_memory(root: Path = Path("/")) -> int:
    """Bytes that programs can still get without swapping (MemAvailable of proc(5))."""
    return _meminfo(root).get("MemAvailable", 0)


def memory_in_use(root: Path = Path("/")) -> int:
    """Bytes that programs could not get right now (MemTotal less MemAvailable of proc(5))."""
    memory = _meminfo(root)
    return max(0, memory.get("MemTotal", 0) - memory.get("MemAvailable", 0))


def _os_image(root: Path) -> str:
    """PRETTY_NAME of os-release(5)."""
    for line in _word(root / "etc/os-release").splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip("\"'")
    return "Linux"
