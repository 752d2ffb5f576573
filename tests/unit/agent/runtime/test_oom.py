"""Finding out-of-memory kills in the kernel's log."""

from __future__ import annotations

import os
from pathlib import Path

from edgeorch_agent.runtime.oom import kernel_log, oom_killed

A, B = "a" * 64, "b" * 64
KILL = (
    "6,1019,1757126260,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=libpod-{0},mems_allowed=0,"
    "oom_memcg={1}/libpod-{0},task_memcg={1}/libpod-{0},task=tail,pid=12094,uid=0\n"
)
GLOBAL = (
    "6,1020,1757126261,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=libpod-{0},mems_allowed=0,"
    "global_oom,task_memcg=/machine.slice/libpod-{0},task=tail,pid=12095,uid=0\n"
)


def test_the_container_whose_limit_killed_is_named() -> None:
    """Whatever the cgroup's place: cgroupfs, or a systemd scope with the container below it."""
    text = KILL.format(A, "/libpod_parent/pod") + KILL.format(B, "/machine.slice").replace(
        f"oom_memcg=/machine.slice/libpod-{B},", f"oom_memcg=/machine.slice/libpod-{B}.scope/container,"
    )
    assert oom_killed(text.encode()) == {A, B}


def test_the_nodes_own_want_of_memory_is_not_the_containers() -> None:
    """Without a limit of its own a container was a victim, not the cause."""
    assert oom_killed(GLOBAL.format(A).encode()) == frozenset()


def test_a_log_is_read_to_its_end(tmp_path: Path) -> None:
    """All records; and where reading is not allowed or there is none, there is nothing to know."""
    pipe = tmp_path / "kmsg"
    os.mkfifo(pipe)
    keep = os.open(pipe, os.O_RDWR)
    os.write(keep, KILL.format(A, "/x").encode())
    assert oom_killed(kernel_log(pipe)) == {A}
    os.close(keep)
    assert kernel_log(tmp_path / "none") == b""
