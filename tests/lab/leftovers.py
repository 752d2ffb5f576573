"""What a cluster of ``edgeorch up`` has on the machine besides its folder: to be found, and to be removed.

``edgeorch down`` is to leave none of this; tests ask :func:`find` whether it did. :func:`remove` is for runs that
were killed in the middle.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from edgeorch.cli.up.layout import ClusterFolder
from tests.lab import proc
from tests.lab.cgroups import container_groups, remove_groups


def containers(folder: ClusterFolder) -> set[str]:
    """Give the ids of the containers that the nodes' storages hold now; what they leave elsewhere bears these."""
    return {path.name for path in folder.root.glob("nodes/*/podman/overlay-containers/*/")}


def find(folder: ClusterFolder, tag: str, known: set[str]) -> list[str]:
    """Name everything that is left. ``known`` are containers that once were in the nodes' storages."""
    ids = known | containers(folder)
    found = [f"process {pid}: {_words(pid)}" for pid in _processes(folder, tag)]
    found += [f"mount {target}" for target in _mounts(folder, tag)]
    found += [f"link {name}" for name in _links(tag)]
    found += [f"network namespace {path.name}" for path in _namespaces(tag)]
    found += [f"control group {path}" for path in container_groups(ids)]
    found += [f"state of container {path.name}" for path in _runtime_states(ids)]
    return found + [f"folder {path}" for path in (_run_folder(tag),) if path.exists()]


def remove(folder: ClusterFolder, tag: str, known: set[str]) -> None:
    """Remove everything that is left, and the folder."""
    ids = known | containers(folder)
    proc.kill(_processes(folder, tag))
    for target in sorted(_mounts(folder, tag), reverse=True):
        _quietly("umount", "--lazy", target)
    for link in _links(tag):
        _quietly("ip", "link", "delete", link)
    for namespace in _namespaces(tag):
        _quietly("ip", "netns", "delete", namespace.name)
    for state in _runtime_states(ids):
        shutil.rmtree(state, ignore_errors=True)
    remove_groups(ids)
    for path in (_run_folder(tag), folder.root):
        shutil.rmtree(path, ignore_errors=True)


def _processes(folder: ClusterFolder, tag: str) -> list[int]:
    """Find the processes that name the folder or the run folder in their command line, or have it mounted elsewhere."""
    marks = (f"{folder.root.resolve()}/".encode(), f"{_run_folder(tag)}/".encode())
    everybody = _mounted_elsewhere(folder, os.getpid())
    found = []
    for pid in proc.pids():
        told = proc.command_line(pid)
        ours = any(mark in told for mark in marks) or _mounted_elsewhere(folder, pid) - everybody
        if ours and proc.alive(pid):
            found.append(pid)
    return found


def _mounted_elsewhere(folder: ClusterFolder, pid: int) -> set[tuple[Path, Path]]:
    """Give the parts of the folder that a process sees at other places: boards, and containers with bind mounts.

    What Podman mounts *within* the folder tells nothing: every process of the machine sees it, and so does a mount
    namespace that was copied meanwhile.
    """
    root = folder.root.resolve()
    source = _on_its_filesystem(root)
    lines = proc.mounts(pid).decode(errors="replace").splitlines()
    mounts = {(Path(fields[3]), Path(fields[4])) for fields in map(str.split, lines)}
    return {
        (part, point)
        for part, point in mounts
        if part.is_relative_to(source) and not point.is_relative_to(root)
    }


def _on_its_filesystem(path: Path) -> Path:
    """Give a path as mountinfo's fourth field has it: from the root of its file system."""
    mount = next(parent for parent in (path, *path.parents) if parent.is_mount())
    return Path("/", path.relative_to(mount))


def _mounts(folder: ClusterFolder, tag: str) -> list[str]:
    marks = (f"{folder.root.resolve()}/", f"{_run_folder(tag)}/")
    targets = (line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines())
    return [target for target in targets if target.startswith(marks)]


def _links(tag: str) -> list[str]:
    return sorted(path.name for path in Path("/sys/class/net").glob(f"eo{tag}*"))


def _namespaces(tag: str) -> list[Path]:
    return sorted(Path("/run/netns").glob(f"eo{tag}-*"))


def _runtime_states(ids: set[str]) -> list[Path]:
    states = (path for root in ("/run/runc", "/run/crun") for path in Path(root).glob("*"))
    return [path for path in states if path.name in ids]


def _run_folder(tag: str) -> Path:
    return Path("/run/edgeorch") / tag


def _words(pid: int) -> str:
    return proc.command_line(pid).replace(b"\0", b" ").decode(errors="replace").strip()


def _quietly(*command: str) -> None:
    subprocess.run(command, check=False, capture_output=True)
