"""Seeing processes end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeorch_agent.runtime.exits import Exits

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this kernel or Python has no pidfds")
SOON = 20.0


def open_files() -> set[Path]:
    return set(Path("/proc/self/fd").iterdir())


def child() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


async def test_an_end_is_told_once() -> None:
    """Also when the process is watched again while it is listed as running."""
    told: list[str] = []
    exits = Exits(told.append)
    with child() as process:
        ended = exits.watch("c", process.pid)
        assert ended is not None
        assert exits.watch("c", process.pid) is ended
        assert not ended.is_set()
        process.kill()
        async with asyncio.timeout(SOON):
            await ended.wait()
        assert exits.watch("c", process.pid) is ended  # still a zombie, and known
    await asyncio.sleep(0)
    assert told == ["c"]
    exits.close()


async def test_a_process_that_is_gone_has_ended() -> None:
    """What ended before it could be watched is told all the same."""
    told: list[str] = []
    with child() as process:
        process.kill()
    ended = Exits(told.append).watch("c", process.pid)
    assert ended is not None
    async with asyncio.timeout(SOON):
        await ended.wait()
    assert told == ["c"]


async def test_the_next_process_of_a_key_is_another_one() -> None:
    """A key may get a new process; the old one does not count any more."""
    told: list[str] = []
    exits = Exits(told.append)
    with child() as first, child() as second:
        exits.watch("c", first.pid)
        ended = exits.watch("c", second.pid)
        first.kill()
        first.wait()
        second.kill()
        assert ended is not None
        async with asyncio.timeout(SOON):
            await ended.wait()
    assert told == ["c"]


async def test_forgetting_closes_what_was_opened() -> None:
    """No file descriptor is left behind."""
    before = open_files()
    exits = Exits(lambda _: None)
    with child() as process:
        for key in "abc":
            exits.watch(key, process.pid)
        exits.forget("a")
        exits.forget("never seen")
        exits.close()
        process.kill()
    assert open_files() == before


async def test_without_pidfds_there_is_no_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """On old kernels callers fall back to asking."""

    def refuse(pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    assert Exits(lambda _: None).watch("c", 1) is None
