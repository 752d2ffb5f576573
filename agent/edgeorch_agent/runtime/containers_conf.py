"""The containers.conf of a Podman that is ours alone: what this machine needs to run containers at all.

A Raspberry Pi with systemd and cgroup v2 needs next to nothing; a virtual machine or container without systemd,
with cgroup v1 in hybrid mode or with low hard limits needs to be told, since Podman's defaults fail there.
"""

from __future__ import annotations

import json
import resource
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgeorch.errors import UserError

_PODMAN_NOFILE: Final = 1 << 20
_PODMAN_NPROC: Final = 1 << 22
"""What Podman sets for root when nobody says otherwise."""
_HELPERS: Final = (Path("/usr/lib/podman"), Path("/usr/libexec/podman"), Path("/usr/local/libexec/podman"))


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What matters of a machine."""

    systemd: bool
    """systemd is the service manager."""
    cgroup_v2: bool
    """cgroup v2 alone, not v1 or both."""
    runtimes: tuple[str, ...]
    """The OCI runtimes on the PATH, of ``crun`` and ``runc``."""
    netavark: bool
    nofile: int
    """Hard limit of open files; -1 for none."""
    nproc: int
    """Hard limit of processes; -1 for none."""
    pid_max: int
    """Most processes the kernel numbers: Podman's service lowers its own limit to that."""

    @classmethod
    def read(cls) -> HostFacts:
        """Look at this machine."""
        return cls(
            systemd=Path("/run/systemd/system").is_dir(),
            cgroup_v2=Path("/sys/fs/cgroup/cgroup.controllers").exists(),
            runtimes=tuple(name for name in ("crun", "runc") if shutil.which(name)),
            netavark=any((folder / "netavark").exists() for folder in _HELPERS),
            nofile=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
            nproc=resource.getrlimit(resource.RLIMIT_NPROC)[1],
            pid_max=int(Path("/proc/sys/kernel/pid_max").read_text()),
        )


def containers_conf(facts: HostFacts, *, default_network: str = "") -> str:
    """Write the file; ``default_network`` is Podman's own if empty.

    Raises UserError when no OCI runtime works here.
    """
    sections: dict[str, dict[str, object]] = {"containers": {}, "engine": {}, "network": {}}
    limits = [
        f"{name}={hard}:{hard}"
        for name, hard, wanted in (
            ("nofile", facts.nofile, _PODMAN_NOFILE),
            ("nproc", min(facts.nproc, facts.pid_max), _PODMAN_NPROC),
        )
        if 0 <= hard < wanted
    ]
    if limits:
        sections["containers"]["default_ulimits"] = limits
    sections["engine"]["runtime"] = _runtime(facts)
    if not facts.systemd:
        sections["engine"]["cgroup_manager"] = "cgroupfs"
    # Locks in shared memory are the whole machine's: after a reboot the second Podman to come up would find its
    # numbers taken and could not use its containers.
    sections["engine"]["lock_type"] = "file"
    # The journal would mix the events of all Podmans of the machine, and is not there without systemd.
    sections["engine"]["events_logger"] = "file"
    if facts.netavark:
        sections["network"]["network_backend"] = "netavark"
    if default_network:
        sections["network"]["default_network"] = default_network
    return "\n".join(
        f"[{section}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in entries.items())
        for section, entries in sections.items()
        if entries
    )


def _runtime(facts: HostFacts) -> str:
    """Prefer crun, the smaller one; it refuses cgroup v1 in hybrid mode."""
    usable = [name for name in facts.runtimes if facts.cgroup_v2 or name != "crun"]
    if not usable:
        raise UserError("no OCI runtime works on this machine: install the package runc")
    return usable[0]
