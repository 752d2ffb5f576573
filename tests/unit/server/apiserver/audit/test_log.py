"""The file that events are written to."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
from pathlib import Path

import pytest

from edgeorch_server.apiserver.audit.log import INTERVAL, AuditLog


async def run_for(log: AuditLog, seconds: float) -> None:
    task = asyncio.create_task(log.run())
    await asyncio.sleep(seconds)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


@pytest.mark.looptime
async def test_lines_are_written_in_order_and_the_last_ones_at_the_end(tmp_path: Path) -> None:
    """A server that stops takes nothing with it; nobody else may read the file."""
    log = AuditLog(tmp_path / "new" / "audit.log")
    log.add(b"1\n")
    log.add(b"2\n")
    await run_for(log, INTERVAL / 2)
    assert (tmp_path / "new" / "audit.log").read_bytes() == b"1\n2\n"
    assert (tmp_path / "new" / "audit.log").stat().st_mode & 0o777 == 0o600


@pytest.mark.looptime
async def test_it_is_rotated_by_size(tmp_path: Path) -> None:
    """The oldest goes, the newest is number one."""
    path = tmp_path / "audit.log"
    for number in range(5):
        log = AuditLog(path, max_size=3, backups=2)
        log.add(f"line {number}\n".encode())
        await run_for(log, 0)
    assert contents(tmp_path) == {"audit.log.1": "line 4\n", "audit.log.2": "line 3\n"}


@pytest.mark.looptime
async def test_a_full_disk_costs_events_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And one more when there is room again; never half a line."""
    path, real = tmp_path / "audit.log", os.write
    full = True

    def write(descriptor: int, data: memoryview) -> int:
        if not full:
            return real(descriptor, data)
        real(descriptor, data[:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", write)
    log = AuditLog(path)
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            log.add(f"lost {number}\n".encode())
            await run_for(log, 0)
        assert len(caplog.messages) == 1
        assert "No space left on device" in caplog.text
        full = False
        log.add(b"kept\n")
        await run_for(log, 0)
    assert path.read_bytes() == b"kept\n"
    assert "3 events were lost" in caplog.messages[-1]


@pytest.mark.looptime
async def test_much_at_once_is_not_lost(tmp_path: Path) -> None:
    """What comes faster than once in a while is written at once; only what the disk cannot take gives way."""
    log = AuditLog(tmp_path / "audit.log", max_waiting=40)
    task = asyncio.create_task(log.run())
    for number in range(100):
        log.add(f"line {number:03}\n".encode())
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (tmp_path / "audit.log").read_text().count("\n") == 100


@pytest.mark.looptime
async def test_memory_is_bounded(tmp_path: Path) -> None:
    """When events come faster than the disk takes them the oldest give way."""
    log = AuditLog(tmp_path / "audit.log", max_waiting=5)
    for number in range(4):
        log.add(f"{number}\n".encode())
    await run_for(log, 0)
    assert (tmp_path / "audit.log").read_text() == "2\n3\n"
