"""Clusters that tests share: starting one takes seconds, a namespace in it nothing."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from kubernetes.client import ApiClient
from kubernetes.config import new_client_from_config

from tests.lab.cluster import Cluster, cluster_folder, why_no_cluster
from tests.lab.kubectl import Kubectl, Output
from tests.lab.manifests import namespace

_LIVE = pytest.StashKey[list[Cluster]]()
_NUMBERS = itertools.count(1)

NewCluster = Callable[[], AbstractContextManager[Cluster]]


def pytest_configure(config: pytest.Config) -> None:
    """Keep a list of the clusters that run, for the report of a failure."""
    config.stash[_LIVE] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failure what the clusters look like."""
    report = yield
    if report.failed:
        for cluster in item.config.stash[_LIVE]:
            report.sections.append((f"cluster {cluster.tag}", cluster.diagnose()))
    return report


@pytest.fixture(scope="session")
def clusters_folder() -> Iterator[Path]:
    """Give a folder for clusters. Skips where none can run; in CI that is a failure."""
    if reason := why_no_cluster():
        if os.environ.get("CI"):
            pytest.fail(f"no cluster can run: {reason}")
        pytest.skip(f"no cluster can run: {reason}")
    with cluster_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def live(pytestconfig: pytest.Config) -> list[Cluster]:
    """Give the list of clusters that the report of a failure shows."""
    return pytestconfig.stash[_LIVE]


@contextmanager
def _kept(cluster: Cluster, live: list[Cluster]) -> Iterator[Cluster]:
    """Keep a cluster for some tests; after them, ``edgeorch down`` must leave nothing of it on the machine."""
    live.append(cluster)
    try:
        yield cluster
        cluster.down()
        left = cluster.leftovers()
    finally:
        live.remove(cluster)
        cluster.stop()
    assert left == []


@pytest.fixture(scope="session")
def first_up(clusters_folder: Path, live: list[Cluster]) -> Iterator[tuple[Cluster, Output]]:
    """Give the one-node cluster, and what the first command of the README printed when it made it."""
    with _kept(Cluster(clusters_folder / "one"), live) as cluster:
        output = cluster.up("--node-name=pi")
        cluster.load_images()
        yield cluster, output


@pytest.fixture(scope="session")
def cluster(first_up: tuple[Cluster, Output]) -> Cluster:
    """Give a cluster of one node, ``pi``, with all settings as they are by default. Leave it as it was."""
    return first_up[0]


@pytest.fixture
def python_client(cluster: Cluster) -> Iterator[ApiClient]:
    """Give the official Python client for the one-node cluster, as whoever ``edgeorch up`` has let in."""
    with new_client_from_config(str(cluster.folder.kubeconfig)) as client:
        yield client


@pytest.fixture
def kubectl(cluster: Cluster) -> Iterator[Kubectl]:
    """Give kubectl in a new namespace of the one-node cluster."""
    yield from _in_new_namespace(cluster)


def _in_new_namespace(cluster: Cluster) -> Iterator[Kubectl]:
    name = f"t{next(_NUMBERS)}"
    cluster.kubectl().apply(namespace(name))
    yield cluster.kubectl(name)
    cluster.kubectl()("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def new_cluster(clusters_folder: Path, live: list[Cluster]) -> NewCluster:
    """Give a function that makes clusters, which have not been started yet."""

    def make() -> AbstractContextManager[Cluster]:
        return _kept(Cluster(clusters_folder / f"own{next(_NUMBERS)}"), live)

    return make


@pytest.fixture
def own_cluster(new_cluster: NewCluster) -> Iterator[Cluster]:
    """Give a cluster of the test's own, which has not been started yet."""
    with new_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def fleet(clusters_folder: Path, live: list[Cluster]) -> Iterator[Cluster]:
    """Give a cluster of three nodes, which notices a silent one within seconds. Leave all nodes Ready."""
    quick = {"EDGEORCH_HEARTBEAT_SECONDS": "1", "EDGEORCH_NODE_GRACE": "5", "EDGEORCH_KEEPALIVE_SECONDS": "5"}
    with _kept(Cluster(clusters_folder / "three", environ=quick), live) as cluster:
        cluster.up("--nodes=3")
        cluster.load_images()
        yield cluster


@pytest.fixture
def fleet_kubectl(fleet: Cluster) -> Iterator[Kubectl]:
    """Give kubectl in a new namespace of the cluster of three."""
    yield from _in_new_namespace(fleet)
