import dataclasses
import datetime as dt

import pytest

from edgeorch_agent.node.conditions import Measurements, derive

NOW = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=5)
GIB = 1024**3
HEALTHY = Measurements(disk_total=32 * GIB, disk_free=20 * GIB, memory_available=2 * GIB, runtime_error="")


def statuses(measured: Measurements) -> dict[str, str]:
    return {c.type: c.status for c in derive(measured, [], NOW)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, {"Ready": "True", "DiskPressure": "False", "MemoryPressure": "False"}, id="healthy"),
        pytest.param(
            {"disk_free": 3 * GIB}, {"Ready": "True", "DiskPressure": "True"}, id="disk-under-10-percent"
        ),
        pytest.param({"memory_available": 99 * 1024**2}, {"MemoryPressure": "True"}, id="memory-under-100Mi"),
        pytest.param({"runtime_error": "no socket"}, {"Ready": "False"}, id="runtime-down"),
        pytest.param(
            {"memory_cgroup": False}, {"Ready": "True", "MemoryLimitsIgnored": "True"}, id="cgroup-off"
        ),
    ],
)
def test_conditions_follow_kubelets_thresholds(change: dict[str, object], expected: dict[str, str]) -> None:
    """Each measurement decides its own condition and no other."""
    found = statuses(dataclasses.replace(HEALTHY, **change))  # type: ignore[arg-type]
    assert {kind: found[kind] for kind in expected} == expected


def test_an_unchanged_condition_keeps_its_transition_time() -> None:
    """An idle node reports the same bytes again, so that nothing is sent."""
    first = derive(HEALTHY, [], NOW)
    assert derive(HEALTHY, first, LATER) == first


def test_a_changed_condition_tells_when() -> None:
    """LastTransitionTime is when the status changed, and only of the condition that did."""
    broken = dataclasses.replace(HEALTHY, runtime_error="no socket")
    times = {c.type: c.lastTransitionTime for c in derive(broken, derive(HEALTHY, [], NOW), LATER)}
    assert times["Ready"] == "2026-05-01T12:05:00Z"
    assert times["DiskPressure"] == "2026-05-01T12:00:00Z"


def test_a_missing_memory_cgroup_comes_with_its_mending() -> None:
    """A Raspberry Pi ignores memory limits out of the box: the condition says what to write where."""
    condition = derive(dataclasses.replace(HEALTHY, memory_cgroup=False), [], NOW)[-1]
    assert "cgroup_enable=memory" in condition.message
