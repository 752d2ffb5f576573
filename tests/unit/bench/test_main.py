"""How a run of benchmarks ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from bench import __main__ as command
from bench.options import Options
from bench.table import Row


def in_plain_code() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def in_a_loop() -> None:
    async def stuck() -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
        await asyncio.sleep(30)

    asyncio.run(stuck())


def in_uvloop() -> None:
    async def stuck() -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
        await asyncio.sleep(30)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(stuck())


@pytest.mark.parametrize("terminate", [in_plain_code, in_a_loop, in_uvloop], ids=lambda how: how.__name__)
def test_sigterm_ends_a_run_in_good_order(
    terminate: Callable[[], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What a benchmark has started is taken away, its folder too, and no other benchmark begins."""
    seen: list[str] = []

    def ended(options: Options) -> list[Row]:
        try:
            terminate()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # somebody is in a hurry
            assert options.folder.is_dir()
            seen.append("taken away")
        return []

    def later(_options: Options) -> list[Row]:
        seen.append("begun")
        return []

    monkeypatch.setattr("bench.options.ROOT", tmp_path)
    monkeypatch.setattr(command, "BENCHMARKS", {"ended": ended, "later": later})
    before = signal.getsignal(signal.SIGTERM)
    assert command.main(["ended", "later"]) == 128 + signal.SIGTERM
    assert seen == ["taken away"]
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []
    assert "ended by SIGTERM" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == before
