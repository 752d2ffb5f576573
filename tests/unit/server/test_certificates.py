"""The control plane's certificates are made anew in time, and taken into use."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from edgeorch.errors import UserError
from edgeorch.pki import LEAF_LIFETIME, PkiFolder
from edgeorch_server.certificates import INTERVAL, Certificates

pytestmark = pytest.mark.looptime
ALL = {"server", "broker", "mqtt", "admin"}


class World:
    """A folder of certificates, a clock, and those who use some of them."""

    def __init__(self, folder: Path) -> None:
        self.now = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
        self.pki = PkiFolder(folder, lambda: self.now)
        self.certificates = Certificates(self.pki, ())
        self.taken: list[str] = []
        self.trouble: list[Exception] = []

    def _take(self, name: str) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.taken.append(name)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Look after them while the block runs."""
        uses = {"server": lambda: self._take("server"), "broker": lambda: self._take("broker")}
        task = asyncio.create_task(self.certificates.keep(uses))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "pki")


def test_what_was_made(world: World) -> None:
    """The first time everything is new, the next time nothing."""
    assert world.certificates.ensure() == ALL
    assert world.certificates.ensure() == set()
    assert Certificates(world.pki, ()).ensure() == ALL, "new to a process that starts"


async def test_a_server_that_runs_for_years(world: World) -> None:
    """Each is made anew before it ends, and whoever uses it takes it once."""
    world.certificates.ensure()
    async with world.kept():
        await asyncio.sleep(10 * INTERVAL)
        assert world.taken == []
        for _ in range(3):
            world.now += LEAF_LIFETIME - dt.timedelta(days=60)
            await asyncio.sleep(2 * INTERVAL)
    assert world.taken == ["broker", "server"] * 3


@pytest.mark.parametrize("trouble", [UserError("cannot read it"), OSError(28, "No space left on device")])
async def test_who_cannot_take_it_now_does_later(
    world: World, trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said in one line, and nobody else has to wait."""
    world.certificates.ensure()
    world.trouble = [trouble]
    async with world.kept():
        world.now += LEAF_LIFETIME
        await asyncio.sleep(1.5 * INTERVAL)
        assert world.taken == ["server"]
        await asyncio.sleep(INTERVAL)
    assert world.taken == ["server", "broker"]
    [record] = (record for record in caplog.records if record.levelno >= logging.WARNING)
    assert record.message.startswith("the new certificate broker is not in use yet: ")


async def test_a_folder_that_cannot_be_read(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """What there is stays in use, and it is tried again."""
    world.certificates.ensure()
    key = world.pki.key("ca")
    content = key.read_bytes()
    async with world.kept():
        key.unlink()
        world.now += LEAF_LIFETIME
        await asyncio.sleep(1.5 * INTERVAL)
        assert world.taken == []
        key.write_bytes(content)
        await asyncio.sleep(INTERVAL)
    assert world.taken == ["broker", "server"]
    assert caplog.records[0].message.startswith("cannot renew the certificates: ")
