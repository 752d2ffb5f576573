"""Podman's service as the agent's child: started, restarted, taken over, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgeorch.errors import UserError
from edgeorch_agent.runtime.containers_conf import HostFacts
from edgeorch_agent.runtime.podman import PodmanRuntime
from edgeorch_agent.runtime.podman_home import PodmanHome
from edgeorch_agent.runtime.service import PodmanService
from tests.lab.podman import lab_folder, why_no_podman

SOON = 60.0


@pytest.fixture
async def home() -> AsyncIterator[PodmanHome]:
    """Give folders for a Podman; what still listens there in the end is stopped."""
    if reason := why_no_podman():
        if os.environ.get("CI"):
            pytest.fail(f"no real Podman: {reason}")
        pytest.skip(f"no real Podman: {reason}")
    with lab_folder(Path("/tmp/edgeorch-lab-service")) as folder:
        home = PodmanHome(folder / "s" / "storage", folder / "s" / "run")
        yield home
        await PodmanService(home).stop()


async def other_than(service: PodmanService, pid: int) -> int:
    """Wait until another process answers."""
    async with asyncio.timeout(SOON):
        while (now := service.home.listener()) in {0, pid}:  # noqa: ASYNC110 - the socket is what others see
            await asyncio.sleep(0.02)
    return now


@pytest.mark.podman
async def test_a_killed_service_is_restarted(home: PodmanHome) -> None:
    """Who held a connection reconnects, and the socket is the same."""
    service = PodmanService(home)
    await service.start()
    runtime = PodmanRuntime(home.socket, node="pi-1")
    supervising = asyncio.create_task(service.supervise())
    try:
        assert (await runtime.info()).version.startswith("podman://")
        pid = service.pid
        os.kill(pid, signal.SIGKILL)
        await other_than(service, pid)
        assert (await runtime.info()).version.startswith("podman://")
    finally:
        supervising.cancel()
        await runtime.aclose()
        await service.stop()
    assert home.listener() == 0


@pytest.mark.podman
async def test_a_service_left_behind_is_taken_over(home: PodmanHome) -> None:
    """The agent after its crash finds the service of the one before, watches it and can stop it."""
    before = PodmanService(home)
    await before.start()
    after = PodmanService(home)
    await after.start()
    assert after.pid == before.pid
    supervising = asyncio.create_task(after.supervise())
    os.kill(before.pid, signal.SIGKILL)
    await other_than(after, before.pid)
    supervising.cancel()
    await after.stop()
    assert home.listener() == 0
    await after.stop()


@pytest.mark.podman
async def test_a_service_that_will_not_start_says_why(home: PodmanHome) -> None:
    """Podman's own words, once, instead of a time-out."""
    home.storage.parent.mkdir(parents=True)
    (home.storage.parent / "launcher").write_text("#!/bin/sh\necho 'the disk is on fire' >&2\nexit 125\n")
    (home.storage.parent / "launcher").chmod(0o755)
    broken = replace(home, launcher=(str(home.storage.parent / "launcher"),))
    with pytest.raises(UserError, match="podman does not start: the disk is on fire"):
        await PodmanService(broken).start()


async def test_a_missing_podman_is_a_users_error(tmp_path: Path) -> None:
    """One line that says what to do."""
    home = PodmanHome(tmp_path / "storage", tmp_path / "run", environment={"PATH": str(tmp_path)})
    facts = HostFacts(
        systemd=True, cgroup_v2=True, runtimes=("crun",), netavark=True, nofile=-1, nproc=-1, pid_max=1 << 22
    )
    with pytest.raises(UserError, match="podman is not installed"):
        await PodmanService(home, facts=facts).start()
