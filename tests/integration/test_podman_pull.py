"""Pulling from a real registry."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edgeorch_agent.runtime.base import Credentials, ImageFault, RegistryUnavailable, RuntimeUnavailable
from edgeorch_agent.runtime.podman import PodmanRuntime
from tests.lab.podman import BUSYBOX, PodmanHost
from tests.lab.proc import frozen
from tests.lab.registry import PASSWORD, USER, registry, why_no_registry

pytestmark = pytest.mark.podman

SOON = 60.0


@pytest.fixture
async def runtime(podman_host: PodmanHost) -> AsyncIterator[PodmanRuntime]:
    """Give a runtime, where there can be a registry too."""
    if reason := why_no_registry():
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    runtime = PodmanRuntime(podman_host.socket, node="pi-1")
    yield runtime
    await runtime.aclose()
    if not podman_host.home.listener():
        podman_host.start_service()


def push(host: PodmanHost, name: str, *, login: bool = False) -> None:
    credentials = [f"--creds={USER}:{PASSWORD}"] if login else []
    host.podman("push", *credentials, BUSYBOX, f"docker://{name}")


async def test_an_image_is_pulled_described_and_removed(
    podman_host: PodmanHost, runtime: PodmanRuntime, tmp_path: Path
) -> None:
    """By tag and by digest; what came down is present under both names, until it is removed."""
    podman_host.build_image("localhost/local:1", files={"hello": b"hello"}, cmd=["cat", "/hello"])
    with registry(tmp_path, podman_host.registry_port) as address:
        name = f"{address}/team/hello:1"
        digestfile = f"--digestfile={tmp_path / 'digest'}"
        podman_host.podman("push", digestfile, "localhost/local:1", f"docker://{name}")
        by_digest = f"{address}/team/hello@{(tmp_path / 'digest').read_text()}"
        await runtime.remove_image("localhost/local:1")
        assert await runtime.image(name) is None
        image = await runtime.pull(name)
        assert {name, by_digest} <= set(image.names)
        assert (await runtime.pull(by_digest)).id == image.id
        assert await runtime.image(name) == await runtime.image(by_digest)
        with pytest.raises(ImageFault, match="manifest unknown"):
            await runtime.pull(f"{address}/team/hello:2")
    with pytest.raises(RegistryUnavailable, match="connection refused"):
        await runtime.pull(name)
    await runtime.remove_image(by_digest)
    assert await runtime.image(name) is None
    assert image.id not in {i.id for i in await runtime.images()}


async def test_a_private_image_needs_the_right_log_in(
    podman_host: PodmanHost, runtime: PodmanRuntime, tmp_path: Path
) -> None:
    """The registry's own words come through; a log-in is used for its pull only and kept nowhere."""
    with registry(tmp_path, podman_host.registry_port, login=True) as address:
        name = f"{address}/private:1"
        push(podman_host, name, login=True)
        for credentials in (None, Credentials(USER, "wrong")):
            with pytest.raises(ImageFault, match=r"unauthorized|authentication required"):
                await runtime.pull(name, credentials)
        assert name in (await runtime.pull(name, Credentials(USER, PASSWORD))).names
        with pytest.raises(ImageFault, match=r"unauthorized|authentication required"):
            await runtime.pull(name)
    podman_host.podman("untag", BUSYBOX, name)


async def test_a_service_that_dies_amid_a_pull_is_unavailable(
    podman_host: PodmanHost, runtime: PodmanRuntime, tmp_path: Path
) -> None:
    """A half-done pull is neither a success nor the registry's fault."""
    with registry(tmp_path, podman_host.registry_port) as address:
        name = f"{address}/hello:1"
        push(podman_host, name)
        pid = podman_host.home.listener()
        with frozen(pid):
            pulling = asyncio.ensure_future(runtime.pull(name))
            await asyncio.sleep(0.2)
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(RuntimeUnavailable):
            async with asyncio.timeout(SOON):
                await pulling
        podman_host.start_service()
        assert name in (await runtime.pull(name)).names
    podman_host.podman("untag", BUSYBOX, name)


async def test_a_pull_can_be_given_up(podman_host: PodmanHost, runtime: PodmanRuntime, tmp_path: Path) -> None:
    """A pod that is deleted while its image comes down does not wait for it."""
    with (
        registry(tmp_path, podman_host.registry_port) as address,
        frozen(podman_host.home.listener()),  # for want of a slow network
        pytest.raises(TimeoutError),
    ):
        async with asyncio.timeout(0.2):
            await runtime.pull(f"{address}/hello:1")
    assert (await runtime.info()).version
