"""What containers have used, read where the kernel keeps it: the files of their cgroups.

Podman's own ``stats`` starts by asking for everything there is to know of every container; these are three
small files each. Both hierarchies are read, cgroup v2 and v1, also where they are mounted side by side.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PAGE = mmap.PAGESIZE


@dataclass(frozen=True, slots=True)
class CgroupUsage:
    """What the processes of one cgroup have used."""

    cpu_nanoseconds: int
    """Since the cgroup was made."""
    memory_bytes: int
    """The working set, right now: what cannot be given back at once (as the kubelet counts)."""


@dataclass(frozen=True, slots=True)
class _Mount:
    """Where a hierarchy can be seen."""

    path: Path
    root: str
    """Which of its cgroups stands at :attr:`path`; ``/`` unless this is a container."""

    def folder(self, cgroup: str) -> Path | None:
        """Find a cgroup's folder; None when it is outside of what can be seen."""
        if self.root == "/":
            return self.path / cgroup.lstrip("/")
        if cgroup != self.root and not cgroup.startswith(f"{self.root}/"):
            return None
        return self.path / cgroup[len(self.root) :].lstrip("/")


class Cgroups:
    """Reads below ``root``, which tests can move."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._mounts: Mapping[str, _Mount] | None = None

    def usage(self, pid: int, container_id: str) -> CgroupUsage | None:
        """Read the cgroup of a container by one of its processes.

        None when it has ended meanwhile, or when the process is in no cgroup of the container's own: numbers
        of a bigger group would be wrong, not rough.
        """
        try:
            found = _memberships((self._root / f"proc/{pid}/cgroup").read_text())
            cpu = self._cpu(found, container_id)
            return None if cpu is None else CgroupUsage(cpu, self._memory(found, container_id))
        except (OSError, ValueError, LookupError):
            return None

    def _cpu(self, memberships: Mapping[str, str], container_id: str) -> int | None:
        if folder := self._folder("cpuacct", memberships, container_id):
            return int((folder / "cpuacct.usage").read_text())
        if folder := self._folder("", memberships, container_id):
            return _members(folder / "cpu.stat")["usage_usec"] * 1000
        return None

    def _memory(self, memberships: Mapping[str, str], container_id: str) -> int:
        """Give the working set: the memory in use without file pages that were not used of late."""
        if folder := self._folder("memory", memberships, container_id):
            used = int((folder / "memory.usage_in_bytes").read_text())
            return max(0, used - _members(folder / "memory.stat").get("total_inactive_file", 0))
        folder = self._folder("", memberships, container_id)
        if folder is None:
            raise LookupError("no hierarchy that counts memory")
        try:
            used = int((folder / "memory.current").read_text())
        except FileNotFoundError:  # Raspberry Pi OS ships with the memory controller off
            return self._resident(folder)
        return max(0, used - _members(folder / "memory.stat").get("inactive_file", 0))

    def _resident(self, folder: Path) -> int:
        """Add up what the processes hold in memory; pages that they share count for each of them."""
        total = 0
        for pids in folder.rglob("cgroup.procs"):
            for pid in pids.read_text().split():
                try:
                    total += int((self._root / f"proc/{pid}/statm").read_text().split()[1]) * _PAGE
                except OSError:
                    continue
        return total

    def _folder(self, controller: str, memberships: Mapping[str, str], container_id: str) -> Path | None:
        mount, cgroup = self._hierarchies().get(controller), memberships.get(controller)
        if mount is None or cgroup is None:
            return None
        own = _container_cgroup(cgroup, container_id)
        return mount.folder(own) if own else None

    def _hierarchies(self) -> Mapping[str, _Mount]:
        if self._mounts is None:
            self._mounts = _mounts((self._root / "proc/self/mountinfo").read_text(), self._root)
        return self._mounts


def _memberships(text: str) -> dict[str, str]:
    """Read /proc/PID/cgroup (cgroups(7)): controller -> cgroup; the empty name is version 2."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        _, controllers, cgroup = line.split(":", 2)
        found |= dict.fromkeys(controllers.split(","), cgroup)
    return found


def _container_cgroup(cgroup: str, container_id: str) -> str:
    """Cut a path below the cgroup that is named after the container: what runs in it may have made more."""
    parts = cgroup.split("/")
    for number, part in enumerate(parts, 1):
        if container_id in part:
            return "/".join(parts[:number])
    return ""


def _mounts(text: str, root: Path) -> dict[str, _Mount]:
    """Read /proc/self/mountinfo (proc(5)): controller -> where it is mounted; the empty name is version 2."""
    found: dict[str, _Mount] = {}
    for line in text.splitlines():
        place, _, kind = line.partition(" - ")
        _, _, _, seen_root, path, *_ = place.split(" ")
        filesystem, _, options = kind.split(" ", 2)
        mount = _Mount(root / path.lstrip("/"), seen_root)
        if filesystem == "cgroup2":
            found.setdefault("", mount)
        elif filesystem == "cgroup":
            for controller in options.split(","):
                found.setdefault(controller, mount)
    return found


def _members(path: Path) -> dict[str, int]:
    """Read a file of lines with a name and a number each."""
    pairs = (line.split() for line in path.read_text().splitlines())
    return {name: int(value) for name, value in pairs}
