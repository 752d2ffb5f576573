"""Cgroup limits."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch_agent.pods.resolve.resources import cpu_shares, limits, oom_score_adj
from tests.unit.agent.pods.builders import container, pod

GIB = 1024**3

EXACT = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}


@pytest.mark.parametrize(("milli", "shares"), [(0, 2), (1, 2), (100, 102), (1000, 1024), (999_000, 262_144)])
def test_cpu_shares(milli: int, shares: int) -> None:
    """A CPU is 1024 shares; none is the kernel's minimum of 2."""
    assert cpu_shares(milli) == shares


def test_limits() -> None:
    """Limits become a quota per 100 ms and bytes; the request becomes shares."""
    made = container(resources={"limits": {"cpu": "250m", "memory": "64Mi"}, "requests": {"cpu": "100m"}})
    found = limits(pod(containers=[made.to_dict()]), made, 4 * GIB)
    assert (found.cpu_quota, found.cpu_period, found.cpu_shares) == (25_000, 100_000, 102)
    assert found.memory == 64 * 1024**2


def test_tiny_quota() -> None:
    """The kernel takes no quota below a millisecond."""
    made = container(resources={"limits": {"cpu": "1m"}})
    assert limits(pod(containers=[made.to_dict()]), made, GIB).cpu_quota == 1_000


@pytest.mark.parametrize(
    ("resources", "score"),
    [
        (EXACT, -997),
        ({}, 1000),
        ({"requests": {"memory": "1Gi"}}, 750),
        ({"requests": {"memory": "1Mi"}}, 999),
        ({"requests": {"memory": "4Gi"}}, 3),
    ],
    ids=["guaranteed", "best effort", "a quarter", "next to nothing", "everything"],
)
def test_oom_score(resources: dict[str, Any], score: int) -> None:
    """Node-pressure Eviction, "Node out of memory behavior": the table of scores."""
    made = container(resources=resources)
    assert oom_score_adj(pod(containers=[made.to_dict()]), made, 4 * GIB) == score
