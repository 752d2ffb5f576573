"""A simulated fleet: real processes, real broker, real kubectl; only the containers are made up."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.mosquitto import free_port
from tests.lab import proc
from tests.lab.cluster import EDGEORCH
from tests.lab.kubectl import Kubectl, kubectls
from tests.lab.waiting import wait_until

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
]

NODES = 12
PATIENCE = 180.0
"""Seconds: three Python processes start on a machine that has other things to do."""


@contextmanager
def simulation(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run ``edgeorch simulate``, and end it as a user would."""
    command = [str(EDGEORCH), "simulate", f"--nodes={NODES}", f"--data-dir={folder}"]
    ports = [f"--api-port={free_port()}", f"--mqtt-port={free_port()}"]
    process = subprocess.Popen([*command, *ports], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)


def until_it_says(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"it ended with {process.wait()} before it said {text!r}")


def of_the_simulation(folder: Path) -> list[int]:
    return [pid for pid in proc.pids() if str(folder).encode() in proc.command_line(pid) and pid != os.getpid()]


@pytest.mark.timeout(600)
def test_a_fleet_on_one_box(tmp_path: Path) -> None:
    """Nodes are Ready, pods run on all of them, Ctrl-C ends every process, and the next one goes on."""
    folder = tmp_path / "simulation"
    kubectl = Kubectl(kubectls()[-1], folder / "kubeconfig", tmp_path / "home")
    with simulation(folder) as process:
        until_it_says(process, "Ctrl-C stops it")
        kubectl("create", "deployment", "web", "--image=web", "--replicas=60")
        kubectl("rollout", "status", "deployment/web", f"--timeout={PATIENCE:.0f}s", timeout=PATIENCE + 10)
        placed = kubectl("get", "pods", "-o=jsonpath={.items[*].spec.nodeName}").stdout.split()
        assert {name: placed.count(name) for name in placed} == {
            f"sim-{number:05}": 5 for number in range(1, NODES + 1)
        }
        kubectl("scale", "deployment/web", "--replicas=2")
        wait_until(lambda: len(kubectl("get", "pods", "-o=name").lines) == 2, "pods to end", PATIENCE)
    assert process.returncode == 0
    assert of_the_simulation(folder) == []
    with simulation(folder) as process:
        until_it_says(process, "Ctrl-C stops it")
        kubectl("rollout", "status", "deployment/web", f"--timeout={PATIENCE:.0f}s", timeout=PATIENCE + 10)
        assert len(kubectl("get", "nodes", "-o=name").lines) == NODES
