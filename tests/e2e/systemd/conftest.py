"""Two machines with systemd on which edgeorch is installed as its guide says: ``box``, and the board ``pi``."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from edgeorch_agent.runtime.containers_conf import HostFacts, containers_conf
from tests.lab.cgroups import cgroup_tree, remove_groups
from tests.lab.debian import cache_folder, debian
from tests.lab.machine import REPOSITORY, Machine, wheelhouse
from tests.lab.podman import BUSYBOX, PodmanHost, busybox_root, lab_folder, why_no_podman
from tests.lab.waiting import wait_until

GUIDE = REPOSITORY / "docs" / "guides" / "install.md"


@dataclass(frozen=True, slots=True)
class Installed:
    """The machines once everything is installed, and the board has joined."""

    box: Machine
    pi: Machine


def commands(section: str) -> list[str]:
    """Give the commands of one section of the guide."""
    text = re.search(rf"^## {section}\n(.*?)^##? ", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert text is not None, f"the guide has no section {section!r}"
    blocks = re.findall(r"^```sh\n(.*?)^```", text[1], re.MULTILINE | re.DOTALL)
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    assert lines, f"section {section!r} of the guide has no commands"
    return lines


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Boot two machines with nothing of edgeorch on them. Skips where none can run; in CI that is a failure."""
    reason = why_no_podman() or ("" if shutil.which("debootstrap") else "debootstrap is not installed")
    if reason:
        if os.environ.get("CI"):
            pytest.fail(f"no machine can run: {reason}")
        pytest.skip(f"no machine can run: {reason}")
    root = debian(cache_folder())
    wheels = wheelhouse(tmp_path_factory.mktemp("wheels"))
    with lab_folder() as folder:
        host = PodmanHost(folder / "machines")
        host.prepare()
        storage = folder / "nested"
        storage.mkdir()
        box, pi = (Machine(host, name, root, wheels) for name in ("box", "pi"))
        try:
            with cgroup_tree(folder / "cgroups") as cgroups:
                box.boot()
                # Its containers' layers cannot lie on an overlay, which the machine's own disk is.
                pi.boot("--privileged", f"--volume={storage}:/var/lib/containers", *cgroups)
                yield Installed(box, pi)
                host.remove_all()
        finally:
            host.stop()
            remove_groups({path.name for path in storage.glob("storage/overlay-containers/*/")})
            shutil.rmtree(storage, ignore_errors=True)


@pytest.fixture(scope="session")
def installed(machines: Installed) -> Installed:
    """Install the server and the board, and let the board join."""
    box, pi = machines.box, machines.pi
    for command in commands("The server"):
        box(command)
    pi.write("/etc/containers/containers.conf", _containers_conf())
    for command in commands("A board"):
        pi(command)
    pi.write("/root/busybox.tar", busybox_root({}))
    pi(f"podman import /root/busybox.tar {BUSYBOX}")
    pi(box("sudo edgeorch token create").stdout)
    wait_until(lambda: node_status(box) == "Ready", "the board to be Ready", 180)
    return machines


def node_status(box: Machine, node: str = "pi") -> str:
    """Give the STATUS of a node; empty when it is not there."""
    rows = [line.split() for line in box("edgeorch get nodes").lines[1:]]
    return next((row[1] for row in rows if row[0] == node), "")


def _containers_conf() -> str:
    """Tell Podman on the board what it has to know of the test machine, which is no Raspberry Pi."""
    return containers_conf(HostFacts.read())
