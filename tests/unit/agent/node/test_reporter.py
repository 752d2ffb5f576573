"""What a node says of itself: when it looks, and what it makes of a runtime that does not answer."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from edgeorch_agent.node.facts import Facts
from edgeorch_agent.node.reporter import IMAGES_SECONDS, RUNTIME_GRACE_SECONDS, NodeReporter
from edgeorch_agent.outbox import Outbox
from edgeorch_agent.runtime.base import RuntimeUnavailable
from edgeorch_agent.runtime.fake import FAKE_EPOCH, FakeHost, FakeRuntime
from tests.fakes.bus import FakeBroker
from tests.fakes.eventually import eventually

pytestmark = pytest.mark.looptime

PERIOD = 10.0


class Board:
    """A reporter at work on a scripted machine and a broker in memory."""

    def __init__(self, folder: Path) -> None:
        self.host = FakeHost(images=("localhost/one:1",))
        self.broker = FakeBroker()
        self.bus = self.broker.bus("pi")
        self.outbox = Outbox(self.bus)
        nothing = Facts("pi", "arm64", "6.6", "Debian", "m", "s", "b", 4, 1 << 32, 0, 1 << 35)
        self.reporter = NodeReporter(
            "pi",
            nothing,
            FakeRuntime(self.host),
            self.outbox,
            topic="node",
            disk_folder=folder,
            address=lambda: "10.0.0.7",
            labels={},
            now=lambda: dt.datetime.fromtimestamp(FAKE_EPOCH + asyncio.get_running_loop().time(), dt.UTC),
            period=PERIOD,
        )

    def status(self) -> Any:
        """Give the status that the broker holds."""
        return json.loads(self.broker.retained["node"].payload)["status"]

    def images(self) -> set[str]:
        return {name for image in self.status()["images"] for name in image["names"]}

    def ready(self) -> str:
        return next(str(c["status"]) for c in self.status()["conditions"] if c["type"] == "Ready")


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[Board]:
    board = Board(folder)
    await board.bus.start()
    tasks = [asyncio.create_task(board.reporter.run()), asyncio.create_task(board.outbox.run())]
    await eventually(lambda: "node" in board.broker.retained)
    yield board
    assert not any(task.done() for task in tasks), tasks
    for task in tasks:
        task.cancel()
    await board.bus.stop()


async def test_images_are_listed_when_told(tmp_path: Path) -> None:
    """A pull of our own is seen at once."""
    async with at_work(tmp_path) as board:
        board.host.add_image("localhost/two:1")
        board.reporter.wake()
        await eventually(lambda: board.images() == {"localhost/one:1", "localhost/two:1"})


async def test_images_are_listed_seldom_otherwise(tmp_path: Path) -> None:
    """Reading the runtime's whole storage with every heartbeat is nothing for a small board."""
    async with at_work(tmp_path) as board:
        board.host.add_image("localhost/two:1")
        await asyncio.sleep(2 * PERIOD)
        assert board.images() == {"localhost/one:1"}
        await asyncio.sleep(IMAGES_SECONDS)
        assert board.images() == {"localhost/one:1", "localhost/two:1"}


async def test_a_runtime_that_is_away_for_a_moment_is_forgiven(tmp_path: Path) -> None:
    """Its service may restart; a node is not ready only when it stays away."""
    async with at_work(tmp_path) as board:
        board.host.fail("info", RuntimeUnavailable("gone"))
        await asyncio.sleep(PERIOD + 1)
        assert board.ready() == "True"
        board.host.fail("info", *[RuntimeUnavailable("gone")] * 3)
        await asyncio.sleep(PERIOD + RUNTIME_GRACE_SECONDS + PERIOD)
        assert board.ready() == "False"
        await asyncio.sleep(2 * PERIOD)
        assert board.ready() == "True"
