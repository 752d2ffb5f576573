"""What a container said last, from its file or from its log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeorch.api.core.container import Container
from edgeorch_agent.pods.last_words import MAX_LOG_BYTES, LastWords
from edgeorch_agent.pods.volumes import Volumes
from edgeorch_agent.runtime.base import (
    ContainerInfo,
    ContainerSpec,
    RuntimeFault,
    RuntimeUnavailable,
    SandboxSpec,
)
from edgeorch_agent.runtime.fake import FakeHost, FakeRuntime
from edgeorch_agent.runtime.fake_host import Script

pytestmark = pytest.mark.looptime

FALL_BACK = "FallbackToLogsOnError"


class Board:
    """One container that ended, and who reads its last words."""

    def __init__(self, folder: Path) -> None:
        self.host = FakeHost(images=("busybox",))
        self.runtime = FakeRuntime(self.host)
        self.volumes = Volumes(folder / "disk", folder / "memory")

    async def ended(self, *output: str, code: int = 1, said: str = "") -> ContainerInfo:
        self.host.script("web", Script(run_for=1, exit_code=code, output=output))
        await self.runtime.create_sandbox(SandboxSpec("u1", "default", "web", "web", {}))
        made = await self.runtime.create_container("u1", ContainerSpec("web", "busybox", {}))
        self._leave(said)
        await self.runtime.start_container(made.id)
        await asyncio.sleep(2)
        sandbox = await self.runtime.get("u1")
        assert sandbox is not None
        [info] = sandbox.containers
        return info

    def _leave(self, message: str) -> None:
        Path(self.volumes.termination_mount("u1", Container(name="web"), 0).source).write_text(message)

    async def words(self, info: ContainerInfo, policy: str = FALL_BACK) -> str:
        async def offload(function: Callable[..., str], *args: object) -> str:
            return function(*args)

        reader = LastWords(self.runtime, self.volumes, offload)
        return await reader.of("u1", Container(name="web", terminationMessagePolicy=policy), info)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path)


@pytest.mark.parametrize(
    ("said", "code", "policy", "words"),
    [
        pytest.param("", 1, FALL_BACK, "one\ntwo\n", id="the log, for want of a message"),
        pytest.param("out of coffee", 1, FALL_BACK, "out of coffee", id="a message is better"),
        pytest.param("", 0, FALL_BACK, "", id="not when it ended well"),
        pytest.param("", 1, "File", "", id="not without being asked"),
    ],
)
async def test_when_the_log_stands_in(board: Board, said: str, code: int, policy: str, words: str) -> None:
    """Container v1 core, ``terminationMessagePolicy``: if the file is empty and the container failed."""
    info = await board.ended("one", "two", code=code, said=said)
    assert await board.words(info, policy) == words


async def test_the_end_of_a_long_log(board: Board) -> None:
    """80 lines or 2048 bytes, whichever is less."""
    info = await board.ended(*(f"line {number}" for number in range(200)))
    assert (await board.words(info)).splitlines()[0] == "line 120"


async def test_one_long_line_is_cut(board: Board) -> None:
    """The end of it is kept."""
    info = await board.ended("x" * 5000 + "end")
    words = await board.words(info)
    assert len(words) == MAX_LOG_BYTES
    assert words.endswith("xend\n")


async def test_a_log_that_cannot_be_read(board: Board) -> None:
    """The pod goes on, and its status says why there are no words."""
    info = await board.ended("one")
    board.host.fail("logs", RuntimeFault("no space left"))
    assert await board.words(info) == "Error on reading termination message from logs: no space left"


async def test_a_runtime_that_is_away_is_asked_again(board: Board) -> None:
    """Words are read once, so not now."""
    info = await board.ended("one")
    board.host.fail("logs", RuntimeUnavailable("gone"))
    with pytest.raises(RuntimeUnavailable):
        await board.words(info)
