"""A containers.conf for hosts on which Podman's defaults do not work: no systemd, cgroup v1, tight limits.

Podman's packages assume systemd as PID 1 and cgroup v2. Containers, CI machines and old kernels have neither;
then Podman needs to be told (containers.conf(5)), in a file of our own rather than in /etc.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass
from pathlib import Path

WANTED_FILES = 1_048_576
WANTED_PROCESSES = 4_194_304
"""Podman's default ulimits for containers that root starts; a lower hard limit makes every start fail."""


@dataclass(frozen=True, slots=True)
class Host:
    """What decides whether Podman's defaults work."""

    cgroup_v2: bool
    systemd: bool
    max_files: int
    max_processes: int


def look_at_host(root: Path = Path("/")) -> Host:
    """Read the facts of this host."""
    return Host(
        cgroup_v2=(root / "sys/fs/cgroup/cgroup.controllers").exists(),
        systemd=(root / "run/systemd/system").is_dir(),
        max_files=_hard_limit(resource.RLIMIT_NOFILE),
        max_processes=_hard_limit(resource.RLIMIT_NPROC),
    )


def containers_conf(host: Host) -> str | None:
    """Give the file's text, or None where Podman needs none."""
    containers = []
    engine = []
    if host.max_files < WANTED_FILES or host.max_processes < WANTED_PROCESSES:
        files = min(host.max_files, WANTED_FILES)
        processes = min(host.max_processes, WANTED_PROCESSES)
        containers.append(f'default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]')
    if not host.cgroup_v2:
        engine.append('runtime = "runc"  # crun refuses cgroup v1')
    if not host.systemd:
        engine += ['cgroup_manager = "cgroupfs"', 'events_logger = "file"']
    if not containers and not engine:
        return None
    network = ['network_backend = "netavark"']
    sections = (("containers", containers), ("engine", engine), ("network", network))
    return "".join(f"[{name}]\n" + "\n".join(lines) + "\n\n" for name, lines in sections if lines)


def _hard_limit(kind: int) -> int:
    limit = resource.getrlimit(kind)[1]
    return WANTED_PROCESSES if limit == resource.RLIM_INFINITY else limit
