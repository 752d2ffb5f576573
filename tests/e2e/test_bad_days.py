"""Bad days of one box: its disk full, its clock wrong, its broker's files gone, its processes frozen."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from tests.lab.clock import WrongClock, faketime_library
from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl, Output, documents
from tests.lab.manifests import config_map, pod
from tests.lab.proc import frozen
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(600)]

PATIENCE = 180.0
DISK = 24 << 20
"""Bytes of the file system that holds what the server keeps."""
HOUR = 3600


class NewCluster(Protocol):
    """The fixture of that name."""

    def __call__(self) -> AbstractContextManager[Cluster]:
        """Make a cluster."""


@dataclass(frozen=True, slots=True)
class Box:
    """A cluster of one node on a small disk, all of whose processes believe a clock that the test sets."""

    cluster: Cluster
    clock: WrongClock
    kubectl: Kubectl

    @property
    def disk(self) -> Path:
        """The small file system: the server's folder."""
        return self.cluster.folder.server

    def running(self) -> dict[str, str]:
        """Give the ids of the containers that run."""
        return {path: item["Id"] for path, item in self.cluster.containers("box").items()}

    def run(self, name: str) -> None:
        """Apply a pod and wait until it is ready."""
        self.kubectl.apply(pod(name))
        self.until_ready(name)

    def until_ready(self, name: str) -> None:
        """Wait for a pod."""
        self.kubectl(
            "wait",
            "--for=condition=Ready",
            f"pod/{name}",
            f"--timeout={PATIENCE:.0f}s",
            timeout=PATIENCE + 10,
        )

    def ready(self) -> bool:
        """Whether the node is Ready."""
        return self.kubectl("get", "nodes").rows[0][1] == "Ready"


@pytest.fixture(scope="module")
def box(new_cluster: NewCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """Give a box with one pod that runs. Leave it well."""
    library = faketime_library()
    if library is None:
        if os.environ.get("CI"):
            pytest.fail("libfaketime is not installed")
        pytest.skip("libfaketime is not installed (scripts/install-deps --lab)")
    clock = WrongClock(tmp_path_factory.mktemp("clock") / "offset", library)
    with new_cluster() as cluster:
        disk = cluster.folder.server
        disk.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "edgeorch-test", str(disk)], check=True)
        try:
            cluster.up("--node-name=box")
            cluster.load_images()
            box = Box(cluster, clock, cluster.kubectl())
            for process in ("server", "agent-box"):
                cluster.restart(process, clock.environ)
            wait_until(box.ready, "the node to be Ready", PATIENCE)
            box.run("bystander")
            yield box
        finally:
            cluster.down()
            subprocess.run(["umount", "--lazy", str(disk)], check=True)


class TestFullDisk:
    """The disk of the control plane is full."""

    @pytest.fixture(autouse=True)
    def _full(self, box: Box) -> Iterator[None]:
        filler = box.disk / "filler"
        with filler.open("wb") as file:
            subprocess.run(["cat", "/dev/zero"], stdout=file, stderr=subprocess.DEVNULL, check=False)
        yield
        filler.unlink(missing_ok=True)

    def test_writes_are_refused_and_reads_go_on(self, box: Box) -> None:
        """A write that finds no room gets 507 in one line; what was acknowledged is there; room heals it."""
        acknowledged, refused = self._write_until_refused(box.kubectl)
        assert refused.stderr.startswith("Error from server"), refused
        assert "the disk that holds the store is full: nothing was changed" in refused.stderr, refused
        assert len(refused.stderr.splitlines()) == 1, refused
        stored = {row[0] for row in box.kubectl("get", "configmaps").rows}
        assert stored >= set(acknowledged)
        assert box.kubectl("get", "pod", "bystander").rows[0][1:3] == ["1/1", "Running"]

        (box.disk / "filler").unlink()
        self._heal(box)
        box.kubectl("delete", "configmap", *acknowledged)

    def test_a_server_that_starts_on_it_serves_what_it_has(self, box: Box) -> None:
        """Restarted on the full disk, the control plane answers reads, and has lost nothing."""
        acknowledged, _ = self._write_until_refused(box.kubectl)
        before = box.running()
        box.cluster.restart("server", {})
        wait_until(
            lambda: {row[0] for row in box.kubectl("get", "configmaps", code=None).rows} >= set(acknowledged),
            "the objects to be served again",
            PATIENCE,
        )
        assert box.running() == before

        (box.disk / "filler").unlink()
        self._heal(box)
        box.kubectl("delete", "configmap", *acknowledged)

    def _write_until_refused(self, kubectl: Kubectl) -> tuple[list[str], Output]:
        """Create objects, large and then small ones, until one is refused: the journal has room of its own at first."""
        acknowledged: list[str] = []
        for size in (500_000, 50_000, 500):
            for number in itertools.count():
                name = f"of-{size}-{number}"
                manifest = config_map(name, data="x" * size)
                done = kubectl("create", "-f", "-", stdin=documents(manifest), code=None)
                if done.code:
                    break
                acknowledged.append(name)
                assert number < 200, "the disk is not full"
        return acknowledged, done

    def _heal(self, box: Box) -> None:
        wait_until(
            lambda: "created" in box.kubectl.apply(config_map("healed", k="v")).stdout,
            "writes to be taken again",
            PATIENCE,
        )
        box.kubectl("delete", "configmap", "healed")
        wait_until(box.ready, "the node to be Ready", PATIENCE)
        box.run("after")
        box.kubectl("delete", "pod", "after")


class TestWrongClock:
    """The wall clock jumps; monotonic time goes on, as it does when a person or NTP sets a clock."""

    @pytest.fixture(autouse=True)
    def _right_again(self, box: Box) -> Iterator[None]:
        yield
        box.clock.set(0)

    @pytest.mark.parametrize("jump", [-HOUR, HOUR], ids=["an hour back", "an hour ahead"])
    def test_nothing_changes(self, box: Box, jump: int) -> None:
        """Nodes stay Ready, pods run on, watches go on, and new pods start and end."""
        before = box.running()
        started = box.kubectl("get", "pod", "bystander", "-o", "jsonpath={.status}").stdout
        watch = box.kubectl.start("get", "nodes", "--watch", "--no-headers")
        try:
            box.clock.set(jump)
            wait_until(lambda: self._server_believes(box, jump), "the server to see the clock jump")
            box.run("in-the-wrong-hour")
            box.kubectl("delete", "pod", "in-the-wrong-hour")
            box.clock.set(0)
            wait_until(lambda: self._server_believes(box, 0), "the server to see the clock jump back")
            box.run("in-the-right-hour")
            box.kubectl("delete", "pod", "in-the-right-hour")
        finally:
            watch.terminate()
        seen, _ = watch.communicate(timeout=10)
        assert {line.split()[1] for line in seen.splitlines()} == {"Ready"}, seen
        assert box.running() == before
        assert box.kubectl("get", "pod", "bystander", "-o", "jsonpath={.status}").stdout == started

    def test_all_restarted_an_hour_back(self, box: Box) -> None:
        """Server and agent that start with a clock behind the one that wrote their state and certificates go on."""
        before = box.running()
        box.clock.set(-HOUR)
        box.cluster.restart("server", {})
        box.cluster.restart("agent-box", {})
        wait_until(box.ready, "the node to be Ready", PATIENCE)
        assert box.running() == before
        box.run("in-the-wrong-hour")
        box.kubectl("delete", "pod", "in-the-wrong-hour")

    def _server_believes(self, box: Box, ahead: int) -> bool:
        """Ask for the time that the server gives to what it creates."""
        box.kubectl.apply(config_map("clock", k="v"))
        try:
            stamp = box.kubectl(
                "get", "configmap", "clock", "-o", "jsonpath={.metadata.creationTimestamp}"
            ).stdout
        finally:
            box.kubectl("delete", "configmap", "clock")
        created = dt.datetime.fromisoformat(stamp).timestamp()
        return abs(created - (time.time() + ahead)) < HOUR / 2


class TestBroker:
    """Mosquitto is the server's child and keeps nothing that cannot be lost."""

    def test_its_files_are_deleted_and_it_is_killed(self, box: Box) -> None:
        """It gets new files from the server, everything is published again, and pods start and end as ever."""
        before = box.running()
        pid = box.cluster.broker_pid()
        shutil.rmtree(box.disk / "broker")
        os.kill(pid, signal.SIGKILL)
        box.run("told-again")
        box.kubectl("delete", "pod", "told-again")
        assert box.running() == before


class TestFrozen:
    """A process that hangs (SIGSTOP) and goes on: what was asked of it meanwhile is done then."""

    @pytest.mark.parametrize("who", ["agent", "broker", "server"])
    def test_it_goes_on(self, box: Box, who: str) -> None:
        """Pods are not disturbed, and what was declared before the freeze ended is carried out."""
        before = box.running()
        pids = {
            "agent": box.cluster.agent("box").pid,
            "broker": box.cluster.broker_pid(),
            "server": box.cluster.server.pid,
        }
        with frozen(pids[who]):
            declare = box.kubectl.start("create", "-f", str(self._manifest(box)))
            if who != "server":
                assert declare.wait(timeout=PATIENCE) == 0
            assert box.running() == before
        assert declare.wait(timeout=PATIENCE) == 0
        box.until_ready("thawed")
        box.kubectl("delete", "pod", "thawed")
        wait_until(box.ready, "the node to be Ready", PATIENCE)
        assert box.running() == before

    def _manifest(self, box: Box) -> Path:
        path = box.cluster.home / "thawed.json"
        path.write_text(documents(pod("thawed")))
        return path


def test_up_that_is_killed_in_the_middle(own_cluster: Cluster) -> None:
    """``edgeorch up`` killed at any of its steps: the next one goes on, and ``down`` leaves nothing."""
    for step in ("server", "agent-box"):
        started = own_cluster.start_up("--node-name=box")
        wait_until(lambda: own_cluster.folder.pid_file(step).exists() or started.poll() is not None, step)  # noqa: B023 -- asked within the round
        started.kill()
        started.wait()
    own_cluster.up("--node-name=box")
    assert own_cluster.kubectl()("get", "pod", "hello").rows[0][1:3] == ["1/1", "Running"]
    own_cluster.down()
    assert own_cluster.leftovers() == []
