"""A pod's volumes on disk.

Files that come from ConfigMaps, Secrets and the downward API are swapped as kubelet's atomic writer does it: a
new folder is written beside the old one, and a rename of the link ``..data`` makes all files new at once, in
running containers too. Secrets, ``medium: Memory`` and termination messages lie below ``memory_root``, which
is on a tmpfs.

All functions block: the executor calls them in a thread.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edgeorch.api.core.container import Container, VolumeMount
from edgeorch_agent.pods.resolve.errors import ConfigError, MountError
from edgeorch_agent.pods.resolve.expansion import expand
from edgeorch_agent.pods.resolve.volumes import File, Folder, HostPath, Source, Tree
from edgeorch_agent.runtime.base import Mount

DATA = "..data"
MAX_TERMINATION_MESSAGE = 4096
"""Bytes kubelet reads of a termination message."""

_PROPAGATION = {"HostToContainer": "rslave", "Bidirectional": "rshared"}
_TYPES = {
    "Directory": (stat.S_ISDIR, "a directory"),
    "File": (stat.S_ISREG, "a file"),
    "Socket": (stat.S_ISSOCK, "a socket"),
    "CharDevice": (stat.S_ISCHR, "a character device"),
    "BlockDevice": (stat.S_ISBLK, "a block device"),
}


@dataclass(frozen=True, slots=True)
class Volumes:
    """The volumes of all pods of an agent."""

    disk_root: Path
    """Folder on disk: one below it per pod uid."""
    memory_root: Path
    """Folder on a tmpfs, likewise."""

    def set_up(self, uid: str, sources: Iterable[Source], fs_group: int | None = None) -> None:
        """Make or refresh the volumes of a pod; what is right already is not touched. Raises MountError."""
        for source in sources:
            try:
                self._set_up_one(uid, source, fs_group)
            except OSError as exc:
                raise MountError(source.name, str(exc)) from exc

    def tear_down(self, uid: str) -> None:
        """Remove everything kept for a pod; nothing happens when there is nothing."""
        for root in (self.disk_root, self.memory_root):
            shutil.rmtree(root / uid, ignore_errors=True)

    def pods(self) -> frozenset[str]:
        """Give the uids of all pods that have something here."""
        found: set[str] = set()
        for root in (self.disk_root, self.memory_root):
            with suppress(FileNotFoundError):
                found.update(entry.name for entry in root.iterdir() if entry.is_dir())
        return frozenset(found)

    def mounts(
        self, uid: str, container: Container, sources: Iterable[Source], variables: Mapping[str, str]
    ) -> tuple[Mount, ...]:
        """Give the mounts of a container, sub-paths resolved. Raises ConfigError."""
        known = {source.name: source for source in sources}
        return tuple(self._mount(uid, mount, known, variables) for mount in container.volumeMounts)

    def termination_mount(self, uid: str, container: Container, restarts: int) -> Mount:
        """Make the file for the termination message of one start of a container, and give its mount."""
        path = self._termination_file(uid, container.name, restarts)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        path.write_bytes(b"")
        path.chmod(0o666)
        return Mount(container.terminationMessagePath or "/dev/termination-log", str(path))

    def termination_message(self, uid: str, name: str, restarts: int) -> str:
        """Read what a container left as its last words; empty when there are none."""
        try:
            with self._termination_file(uid, name, restarts).open("rb") as file:
                return file.read(MAX_TERMINATION_MESSAGE).decode(errors="replace")
        except OSError:
            return ""

    def _termination_file(self, uid: str, name: str, restarts: int) -> Path:
        return self.memory_root / uid / "termination" / f"{name}.{restarts}"

    def _path(self, uid: str, source: Source) -> Path:
        match source:
            case HostPath():
                return Path(source.path)
            case Tree(secret=True) | Folder(memory=True):
                return self.memory_root / uid / "volumes" / source.name
            case _:
                return self.disk_root / uid / "volumes" / source.name

    def _set_up_one(self, uid: str, source: Source, fs_group: int | None) -> None:
        path = self._path(uid, source)
        match source:
            case Tree():
                path.mkdir(parents=True, exist_ok=True, mode=0o755)
                write_tree(path, source.files, fs_group)
            case Folder():
                if not path.is_dir():
                    path.mkdir(parents=True, exist_ok=True, mode=0o755)
                    if fs_group is not None:
                        os.chown(path, -1, fs_group)
                    path.chmod(0o777 if fs_group is None else 0o2777)
            case HostPath():
                _check_host_path(source)

    def _mount(
        self, uid: str, mount: VolumeMount, known: Mapping[str, Source], variables: Mapping[str, str]
    ) -> Mount:
        source = known.get(mount.name)
        if source is None:
            raise ConfigError(f'cannot find volume "{mount.name}" to mount into container')
        path = self._path(uid, source)
        if mount.subPath or mount.subPathExpr:
            path = sub_path(path, mount.subPath or expand(mount.subPathExpr, variables))
        return Mount(
            destination=mount.mountPath,
            source=str(path),
            read_only=mount.readOnly or isinstance(source, Tree),
            propagation=_PROPAGATION.get(mount.mountPropagation or "", "rprivate"),
        )


def sub_path(volume: Path, relative: str) -> Path:
    """Find a sub-path of a volume, made when missing, and refuse one that leaves it through a link."""
    try:
        root = volume.resolve()
        path = (root / relative).resolve()
        if not path.is_relative_to(root):
            raise ConfigError(f'failed to prepare subPath for volumeMount: "{relative}" leaves the volume')
        if not path.exists():
            path.mkdir(parents=True, mode=0o750)
    except OSError as exc:
        raise ConfigError(f"failed to prepare subPath for volumeMount: {exc}") from exc
    return path


def write_tree(volume: Path, files: Mapping[str, File], group: int | None = None) -> bool:
    """Bring a folder in line with files, all at once; tells whether anything was written."""
    version = f"..{_digest(files, group)}"
    link = volume / DATA
    before = link.readlink() if link.is_symlink() else None
    if before is not None and before.name == version and (volume / version).is_dir():
        return False
    staged = volume / f"{version}.tmp"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(mode=0o755)
    for name, file in files.items():
        _write(staged, name, file, group)
    shutil.rmtree(volume / version, ignore_errors=True)
    staged.rename(volume / version)
    _replace_link(link, version)
    wanted = {name.partition("/")[0] for name in files}
    for name in wanted:
        _replace_link(volume / name, f"{DATA}/{name}")
    for entry in volume.iterdir():
        if entry.name in {DATA, version} or entry.name in wanted:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    return True


def _digest(files: Mapping[str, File], group: int | None) -> str:
    digest = hashlib.blake2b(repr(group).encode(), digest_size=8)
    for name in sorted(files):
        file = files[name]
        digest.update(f"{name}\0{file.mode}\0{len(file.content)}\0".encode())
        digest.update(file.content)
    return digest.hexdigest()


def _write(folder: Path, name: str, file: File, group: int | None) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    path.write_bytes(file.content)
    mode = file.mode
    if group is not None:
        os.chown(path, -1, group)
        mode |= 0o440  # the group may read, as kubelet's SetVolumeOwnership sees to
    path.chmod(mode)


def _replace_link(link: Path, target: str) -> None:
    if link.is_symlink() and str(link.readlink()) == target:
        return
    staged = link.with_name(f"{link.name}.link-tmp")
    staged.unlink(missing_ok=True)
    staged.symlink_to(target)
    staged.rename(link)


def _check_host_path(source: HostPath) -> None:
    """Check or make a hostPath ("Volumes", "hostPath volume types"). Raises MountError."""
    path = Path(source.path)
    if source.type in {"", "DirectoryOrCreate"}:
        if not path.exists():
            path.mkdir(parents=True, mode=0o755)
        kind = "Directory" if source.type else ""
    elif source.type == "FileOrCreate":
        if not path.exists():
            path.touch(mode=0o644)
        kind = "File"
    else:
        kind = source.type
    if not kind:
        return
    if kind not in _TYPES:
        raise MountError(source.name, f"unknown hostPath type {kind}")
    fits, noun = _TYPES[kind]
    if not path.exists() or not fits(path.stat().st_mode):
        raise MountError(source.name, f"hostPath type check failed: {path} is not {noun}")
