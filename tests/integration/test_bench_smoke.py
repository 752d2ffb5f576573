"""The benchmarks work: each prints its rows. What the figures are is nobody's business here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.options import ROOT
from tests.lab.cluster import why_no_cluster

REPOSITORY = Path(__file__).parents[2]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", "--quick", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=280, cwd=REPOSITORY)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "metrics",
    [
        pytest.param({"store": "durable writes/s, 64 writers"}, id="store"),
        pytest.param({"rest": "watch, 10 watchers"}, id="rest", marks=pytest.mark.mosquitto),
        pytest.param(
            {
                "access": "without RBAC",
                "objects": "MB per 10,000 pods",
                "kubectl": "Deployment, cold, KB on the wire",
            },
            id="on a bare server",
            marks=[pytest.mark.mosquitto, pytest.mark.kubectl],
        ),
        pytest.param(
            {
                "memory": "agent, 2 pods, PSS MB",
                "apply": "POST a pod -> Running",
                "failure": "agent killed",
            },
            id="on one node",
            marks=pytest.mark.podman,
        ),
        pytest.param({"idle": "KB on the wire per node and hour"}, id="idle", marks=pytest.mark.podman),
        pytest.param(
            {
                "deployment": "rolling update of 4 replicas",
                "lost-node": "node lost by silence -> its pod's replacement running",
                "fleet": "3 simulated nodes: heartbeats lost",
            },
            id="on simulated nodes",
            marks=pytest.mark.mosquitto,
        ),
        pytest.param({"scheduler": "SchedulingBasic, 100 nodes: pods bound/s"}, id="scheduler"),
    ],
)
def test_benchmarks_print_their_rows_and_leave_nothing_behind(metrics: dict[str, str]) -> None:
    """Each benchmark runs to its end; where something is missing, its row says so (in CI that is a failure)."""
    before = set(ROOT.glob("*"))
    done = bench(*metrics)
    assert done.returncode == 0, done.stderr
    able = os.environ.get("CI") or not why_no_cluster()
    for name, metric in metrics.items():
        assert (metric if able else name) in done.stdout
    assert {path for path in ROOT.glob("*") if path.is_dir()} <= before


def test_unknown_benchmarks_are_refused_with_the_names_there_are() -> None:
    """A typing error is answered with what could have been meant."""
    done = bench("stroe")
    assert done.returncode == 2
    assert "there is no benchmark stroe; there are store, rest" in done.stderr
