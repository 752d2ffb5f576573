"""A running API server for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
import uvloop

from edgeorch.kubeconfig import kubeconfig, write_kubeconfig
from edgeorch.pki import ADMIN, MASTERS, PkiFolder, Subject, node_subject
from edgeorch_server.controllers.garbage.collector import GarbageCollector, run_garbage_collector
from edgeorch_server.registry.recorder import EventRecorder
from tests.fakes.api_server import Cluster, running_cluster, wall_clock
from tests.fakes.kubectl import Kubectl, version
from tests.lab.kubectl import kubectls


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run on the event loop that the server runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> PkiFolder:
    """Make certificates for an admin, a node and somebody else."""
    folder = PkiFolder(tmp_path_factory.mktemp("pki"), wall_clock)
    folder.ensure_server("server", ["localhost", "127.0.0.1"])
    folder.ensure_client("admin", Subject(ADMIN, (MASTERS,)))
    folder.ensure_client("node", node_subject("pi-1"))
    folder.ensure_client("jane", Subject("jane", ("dev",)))
    return folder


@pytest.fixture
async def cluster(pki: PkiFolder) -> AsyncIterator[Cluster]:
    """Run a server."""
    async with running_cluster(pki) as cluster:
        yield cluster


@pytest.fixture
async def admin(cluster: Cluster) -> AsyncIterator[httpx.AsyncClient]:
    """Connect as the admin."""
    async with cluster.client() as client:
        yield client


@pytest.fixture
def config(cluster: Cluster, pki: PkiFolder, tmp_path: Path) -> Path:
    """Write the admin's kubeconfig."""
    admin = pki.ensure_client("admin", Subject(ADMIN, (MASTERS,)))
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, kubeconfig(cluster.url, pki.ensure_ca().certificate, admin))
    return path


@pytest.fixture(params=kubectls()[:1] + kubectls()[1:][-1:], ids=version)
def kubectl(request: pytest.FixtureRequest, config: Path, tmp_path: Path) -> Kubectl:
    """Take the oldest and the newest version, with a home of its own; ``make kubectls`` takes all, for every command."""
    return Kubectl(request.param, tmp_path, config)


@pytest.fixture
def newest(config: Path, tmp_path: Path) -> Kubectl:
    """Take the newest version, for what does not depend on it."""
    return Kubectl(kubectls()[-1], tmp_path, config)


@pytest.fixture
async def collector(cluster: Cluster) -> AsyncIterator[None]:
    """Run the garbage collector, from before a test makes anything."""
    made = GarbageCollector(cluster.registry, EventRecorder(cluster.registry, "gc", wall_clock))
    task = asyncio.create_task(run_garbage_collector(made, cluster.registry))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
