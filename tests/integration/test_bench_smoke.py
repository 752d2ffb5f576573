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
    ("name", "metric"),
    [
        pytest.param("store", "durable writes/s, 64 writers"),
        pytest.param("rest", "watch, 10 watchers", marks=pytest.mark.mosquitto),
        pytest.param("apply", "POST a pod -> Running", marks=pytest.mark.podman),
        pytest.param("memory", "agent, 2 pods, PSS MB", marks=pytest.mark.podman),
        pytest.param("idle", "KB on the wire per node and hour", marks=pytest.mark.podman),
        pytest.param("failure", "agent killed", marks=pytest.mark.podman),
        pytest.param("scheduler", "SchedulingBasic, 100 nodes: pods bound/s"),
    ],
)
def test_a_benchmark_prints_its_rows_and_leaves_nothing_behind(name: str, metric: str) -> None:
    """Each benchmark runs to its end; where something is missing, its row says so (in CI that is a failure)."""
    before = set(ROOT.glob("*"))
    done = bench(name)
    assert done.returncode == 0, done.stderr
    if os.environ.get("CI") or not why_no_cluster():
        assert metric in done.stdout
    else:
        assert name in done.stdout
    assert {path for path in ROOT.glob("*") if path.is_dir()} <= before


def test_unknown_benchmarks_are_refused_with_the_names_there_are() -> None:
    """A typing error is answered with what could have been meant."""
    done = bench("stroe")
    assert done.returncode == 2
    assert "there is no benchmark stroe; there are store, rest" in done.stderr
