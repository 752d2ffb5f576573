"""Statuses that a restarted agent finds again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edgeorch.api.core.pod_status import (
    ContainerState,
    ContainerStateTerminated,
    ContainerStatus,
    PodStatus,
)
from edgeorch_agent.pods.remembered import Remembered
from tests.unit.agent.pods.builders import pod

RUNNING = PodStatus(phase="Running", startTime="2025-01-01T00:00:00Z")
DONE = PodStatus(phase="Succeeded")


@pytest.fixture
def remembered(tmp_path: Path) -> Remembered:
    """Make an empty memory."""
    return Remembered(tmp_path / "disk", tmp_path / "memory")


def ended(name: str) -> PodStatus:
    """Make the status of a running pod one of whose containers has ended."""
    state = ContainerState(terminated=ContainerStateTerminated(exitCode=0))
    container = ContainerStatus(
        name=name, ready=False, restartCount=0, image="", imageID="", containerID=name, state=state
    )
    return PodStatus(phase="Running", containerStatuses=[container])


def test_every_status_survives_the_agent(remembered: Remembered) -> None:
    """The newest status is found again, and nothing of a running pod is written to the card."""
    remembered.save(pod(), RUNNING, None)
    assert remembered.load("u1") == RUNNING
    assert not remembered.disk_root.exists()


def test_the_end_survives_a_reboot(remembered: Remembered) -> None:
    """That a pod has ended is found again after the tmpfs is gone."""
    remembered.save(pod(), RUNNING, None)
    remembered.save(pod(), DONE, RUNNING)
    shutil.rmtree(remembered.memory_root)
    assert remembered.load("u1") == DONE


@pytest.mark.parametrize(("policy", "kept"), [("OnFailure", True), ("Never", True), ("Always", False)])
def test_what_ran_once_is_kept(remembered: Remembered, policy: str, *, kept: bool) -> None:
    """Containers that are not run again are remembered on disk, others cost no write."""
    remembered.save(pod(restartPolicy=policy), ended("a"), RUNNING)
    assert (remembered.disk_root / "u1").exists() is kept


def test_disk_is_written_once(remembered: Remembered) -> None:
    """A status without news worth keeping is not written to the card again."""
    job = pod(restartPolicy="OnFailure")
    remembered.save(job, ended("a"), RUNNING)
    before = (remembered.disk_root / "u1/status.json").stat().st_ino
    remembered.save(job, ended("a").model_copy(update={"podIP": "10.0.0.1"}), ended("a"))
    assert (remembered.disk_root / "u1/status.json").stat().st_ino == before


@pytest.mark.parametrize("content", [b"", b"{", b'{"phase": 7}', b"\xff"])
def test_damaged_file(remembered: Remembered, content: bytes) -> None:
    """A damaged file counts as none, and the other one is tried."""
    remembered.save(pod(), DONE, RUNNING)
    (remembered.memory_root / "u1/status.json").write_bytes(content)
    assert remembered.load("u1") == DONE


def test_nothing_remembered(remembered: Remembered) -> None:
    """An unknown pod has no status."""
    assert remembered.load("u1") is None


def test_full_disk(remembered: Remembered) -> None:
    """A memory that cannot be written is no reason to fail."""
    remembered.memory_root.parent.mkdir(exist_ok=True)
    remembered.memory_root.write_text("a file where a folder should be")
    remembered.save(pod(), DONE, None)
