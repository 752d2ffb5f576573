"""Reading cgroups: every way in which hierarchies are mounted on the boards there are."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from pathlib import Path

import pytest

from edgeorch_agent.runtime.cgroups import Cgroups, CgroupUsage

ID = "c0ffee" * 10
POD = "machine.slice/machine-libpod_pod_1.slice"

V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MOUNTS = (
    "31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "32 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "33 23 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)
V2_FILES = {
    "cpu.stat": "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n",
    "memory.current": "5000\n",
    "memory.stat": "anon 3000\ninactive_file 1200\n",
}


def machine(root: Path, mounts: str, cgroup: str, files: Mapping[str, str]) -> Cgroups:
    """Make a machine on which process 7 is in ``cgroup``; ``files`` lie below ``/sys/fs/cgroup``."""
    files = {
        **{f"sys/fs/cgroup/{name}": text for name, text in files.items()},
        "proc/self/mountinfo": mounts,
        "proc/7/cgroup": cgroup,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Cgroups(root)


def below(folder: str, files: Mapping[str, str] = V2_FILES) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in files.items()}


@pytest.mark.parametrize(
    "cgroup",
    [
        f"/{POD}/libpod-{ID}.scope",
        f"/{POD}/libpod-{ID}.scope/container",
        f"/{POD}/libpod-{ID}.scope/a/init.scope",
    ],
    ids=["itself", "crun's", "a systemd inside"],
)
def test_version_2(tmp_path: Path, cgroup: str) -> None:
    """The whole container counts, whatever cgroups were made in it; inactive file pages are not in use."""
    made = machine(tmp_path, V2_MOUNT, f"0::{cgroup}\n", below(f"{POD}/libpod-{ID}.scope"))
    assert made.usage(7, ID) == CgroupUsage(1_500_000, 3800)


def test_version_1_beside_2(tmp_path: Path) -> None:
    """On a hybrid machine the controllers of version 1 have the numbers."""
    files = {
        f"cpu,cpuacct/p/{ID}/cpuacct.usage": "42\n",
        f"memory/p/{ID}/memory.usage_in_bytes": "9000\n",
        f"memory/p/{ID}/memory.stat": "cache 5000\ninactive_file 1\ntotal_inactive_file 4000\n",
    }
    cgroup = f"4:memory:/p/{ID}\n3:cpu,cpuacct:/p/{ID}\n0::/\n"
    assert machine(tmp_path, V1_MOUNTS, cgroup, files).usage(7, ID) == CgroupUsage(42, 5000)


def test_in_a_container(tmp_path: Path) -> None:
    """Of a hierarchy that is seen from one of its cgroups on, paths are cut to what is below."""
    mount = V2_MOUNT.replace("0:26 / ", "0:26 /outer ")
    files = below(f"inner-{ID}")
    assert machine(tmp_path, mount, f"0::/outer/inner-{ID}\n", files).usage(7, ID) == CgroupUsage(
        1_500_000, 3800
    )


def test_without_the_memory_controller(tmp_path: Path) -> None:
    """Raspberry Pi OS has it off: what the processes hold is added up."""
    folder = f"libpod-{ID}.scope"
    files = {
        f"{folder}/cpu.stat": V2_FILES["cpu.stat"],
        f"{folder}/cgroup.procs": "",
        f"{folder}/container/cgroup.procs": "7\n8\n9\n",
        "../../../proc/7/statm": "100 10 3 1 0 1 0\n",
        "../../../proc/8/statm": "100 5 3 1 0 1 0\n",
    }
    found = machine(tmp_path, V2_MOUNT, f"0::/{folder}/container\n", files).usage(7, ID)
    assert found == CgroupUsage(1_500_000, 15 * mmap.PAGESIZE)


@pytest.mark.parametrize(
    ("cgroup", "files"),
    [
        ("0::/\n", {"cpu.stat": "usage_usec 1\n", "memory.current": "1", "memory.stat": ""}),
        (f"0::/gone-{ID}\n", {}),
        ("", {}),
        (f"0::/x-{ID}\n", below(f"x-{ID}", {**V2_FILES, "cpu.stat": "nonsense\n"})),
    ],
    ids=["the machine's own", "just ended", "no cgroups", "unreadable"],
)
def test_what_cannot_be_measured_is_not_made_up(tmp_path: Path, cgroup: str, files: dict[str, str]) -> None:
    """No number is better than that of something else."""
    assert machine(tmp_path, V2_MOUNT, cgroup, files).usage(7, ID) is None


def test_a_process_that_has_ended(tmp_path: Path) -> None:
    """It is gone from /proc, and nothing is said of it."""
    assert machine(tmp_path, V2_MOUNT, "", {}).usage(8, ID) is None
