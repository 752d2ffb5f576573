"""A tree of control groups of its own for a machine in a container.

systemd in a container that is given the host's tree remounts it read-only for everybody; over mounts of its own
it may do as it likes. Where there is only cgroup v2, a namespace of the container's does the same.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

_V2 = Path("/sys/fs/cgroup/cgroup.controllers")


@contextmanager
def cgroup_tree(folder: Path) -> Iterator[tuple[str, ...]]:
    """Mount a tree on ``folder``, and give the options of ``podman run`` that hand it to a machine."""
    if _V2.exists():
        yield ("--cgroupns=private",)
        return
    with ExitStack() as stack:

        def mount(kind: str, name: str, options: str = "") -> None:
            target = folder / name
            target.mkdir(parents=True, exist_ok=True)
            words = ["mount", "-t", kind, *(["-o", options] if options else []), "cgroup", str(target)]
            if subprocess.run(words, check=False, capture_output=True).returncode == 0:
                stack.callback(subprocess.run, ["umount", "--lazy", str(target)], check=False)
            else:  # not on this kernel
                with suppress(OSError):
                    target.rmdir()

        mount("tmpfs", "")
        for controller in _controllers():
            mount("cgroup", controller, controller)
        mount("cgroup", "systemd", "none,name=systemd")
        mount("cgroup2", "unified")
        yield ("--cgroupns=host", f"--volume={folder}:/sys/fs/cgroup:rw")


def container_groups(containers: set[str]) -> list[Path]:
    """Find the groups that Podman has made for containers, by their ids.

    Others come and go meanwhile, which ``os.walk`` does not mind and ``Path.glob`` does.
    """
    found = []
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        if "libpod_parent" in folder.split("/")[-2:]:  # of a container, or of a pod's
            found += [Path(folder, name) for name in names if name.removeprefix("libpod-") in containers]
    return found


def remove_groups(containers: set[str]) -> None:
    """Remove the empty groups that containers have left on the host, and those of their pods."""
    for group in container_groups(containers):
        with suppress(OSError):
            group.rmdir()
            group.parent.rmdir()


def _controllers() -> Iterator[str]:
    for line in Path("/proc/cgroups").read_text().splitlines()[1:]:
        name, _, _, enabled = line.split()
        if enabled == "1":
            yield name
