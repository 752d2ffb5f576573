"""How many pods usage calls for: the clauses of "Algorithm details", one row each."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch_server.controllers.autoscaling.pods import Measured, NotMeasurable, ScaledPod
from edgeorch_server.controllers.autoscaling.replicas import Tolerances, by_average, by_utilization, group

NOW = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)
LONG_AGO = NOW - dt.timedelta(hours=1)
WINDOW = dt.timedelta(seconds=15)


def pod(name: str, request: int | None = 1000, **facts: Any) -> ScaledPod:
    requests = {"main": {} if request is None else {"cpu": request}}
    made = ScaledPod(name, "Running", False, True, LONG_AGO, LONG_AGO, requests)  # noqa: FBT003 - deleted, ready
    return replace(made, **facts)


def pods(count: int, **facts: Any) -> list[ScaledPod]:
    return [pod(f"p{number}", **facts) for number in range(count)]


def uses(*values: int, at: dt.datetime = NOW) -> dict[str, Measured]:
    return {f"p{number}": Measured(value, at, WINDOW) for number, value in enumerate(values)}


def utilization(current: int, target: int, some: list[ScaledPod], used: Mapping[str, Measured]) -> int:
    return by_utilization(current, target, "cpu", some, used, Tolerances(), NOW).replicas


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param((1000, 1000, 1000), 6, id="twice the target: twice the pods"),
        pytest.param((250, 250, 250), 2, id="half the target: rounded up"),
        pytest.param((545, 545, 545), 3, id="within a tenth above: nothing"),
        pytest.param((455, 455, 455), 3, id="within a tenth below: nothing"),
        pytest.param((560, 560, 560), 4, id="just above a tenth"),
        pytest.param((900, 0, 600), 3, id="the average counts"),
        pytest.param((0, 0, 0), 0, id="nothing to do: the limits decide"),
    ],
)
def test_the_ratio_times_the_pods(values: tuple[int, ...], expected: int) -> None:
    """DesiredReplicas = ceil(currentReplicas * (currentMetricValue / desiredMetricValue)), skipped near 1."""
    assert utilization(3, 50, pods(3), uses(*values)) == expected


@pytest.mark.parametrize(
    ("others", "values", "expected"),
    [
        pytest.param([pod("m")], (1000, 1000), 4, id="more: a missing one is taken to use nothing"),
        pytest.param([pod("m")], (100, 100), 3, id="fewer: a missing one is taken to use all it requests"),
        pytest.param([pod("m")], (500, 500), 3, id="at the target: a missing one does not matter"),
        pytest.param([pod("u", phase="Pending")], (1000, 1000), 4, id="more: a pending one uses nothing"),
        pytest.param([pod("u", phase="Pending")], (100, 100), 1, id="fewer: a pending one does not count"),
        pytest.param([pod("u", phase="Pending")] * 1 + [pod("m")], (600, 600), 4, id="no turn of direction"),
        pytest.param([pod("d", deleted=True)], (1000, 1000), 4, id="one that goes counts for nothing"),
        pytest.param([pod("f", phase="Failed")], (1000, 1000), 4, id="one that failed counts for nothing"),
    ],
)
def test_pods_that_say_nothing(others: list[ScaledPod], values: tuple[int, ...], expected: int) -> None:
    """They make a change smaller, and never turn it round."""
    assert utilization(2 + len(others), 50, [*pods(2), *others], uses(*values)) == expected


@pytest.mark.parametrize(
    ("facts", "at", "unready"),
    [
        pytest.param({}, NOW, False, id="has been working for long"),
        pytest.param({"ready": False, "ready_since": NOW}, NOW, False, id="was ready once: its usage counts"),
        pytest.param(
            {"ready": False, "ready_since": LONG_AGO + dt.timedelta(seconds=20)},
            NOW,
            True,
            id="never was ready",
        ),
        pytest.param({"started": NOW - WINDOW * 8, "ready": False}, NOW, True, id="starts, and is not ready"),
        pytest.param(
            {"started": NOW - WINDOW * 8, "ready_since": NOW - WINDOW * 2},
            NOW,
            False,
            id="starts, a window ready",
        ),
        pytest.param(
            {"started": NOW - WINDOW * 8, "ready_since": NOW - WINDOW / 2},
            NOW,
            True,
            id="starts, half a window",
        ),
        pytest.param({"ready": None}, NOW, True, id="no condition"),
        pytest.param({"started": None}, NOW, True, id="no start time"),
    ],
)
def test_who_is_starting_up(facts: dict[str, Any], at: dt.datetime, unready: bool) -> None:
    """Processor time of a start says nothing ("cpu-initialization-period", "initial-readiness-delay")."""
    groups = group([pod("p0", **facts)], uses(1, at=at), "cpu", NOW)
    assert ("p0" in groups.unready, "p0" in groups.ready) == (unready, not unready)


def test_memory_counts_from_the_start() -> None:
    """Only for processor time is starting up something special."""
    assert group([pod("p0", ready=False, started=NOW)], uses(1), "memory", NOW).ready == {"p0"}


def test_what_is_reported() -> None:
    """The percentage of all requests, rounded down, and the average of each pod."""
    some = [pod("p0", request=1000), pod("p1", request=500)]
    found = by_utilization(2, 80, "cpu", some, uses(100, 400), Tolerances(), NOW)
    assert (found.percent, found.average) == (33, 250)


@pytest.mark.parametrize(
    ("some", "used", "container", "message"),
    [
        ([], uses(1), "", "no pods returned by selector while calculating replica count"),
        (pods(1, request=None), uses(1), "", "missing request for cpu in container main of Pod p0"),
        (
            pods(1, phase="Pending"),
            uses(1),
            "",
            "did not receive metrics for targeted pods (pods might be unready)",
        ),
        (pods(1), {}, "", "did not receive metrics for targeted pods (pods might be unready)"),
        (pods(1), uses(1), "side", "no metrics returned matched known pods"),
    ],
    ids=["no pods", "no request", "all pending", "nothing measured", "no such container"],
)
def test_no_answer(some: list[ScaledPod], used: dict[str, Measured], container: str, message: str) -> None:
    """What cannot be said is not guessed, and said to be so in Kubernetes' words."""
    with pytest.raises(NotMeasurable) as caught:
        by_utilization(1, 50, "cpu", some, used, Tolerances(), NOW, container)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("others", "values", "expected"),
    [
        pytest.param([], (200, 200), 4, id="twice"),
        pytest.param([], (50, 50), 1, id="half"),
        pytest.param([], (105, 105), 2, id="close enough"),
        pytest.param([pod("m")], (50, 50), 2, id="fewer: a missing one is at the target"),
        pytest.param([pod("m")], (200, 200), 4, id="more: a missing one uses nothing"),
    ],
)
def test_averages(others: list[ScaledPod], values: tuple[int, ...], expected: int) -> None:
    """Without requests: so much for each pod."""
    some = [*pods(2), *others]
    assert by_average(len(some), 100, "cpu", some, uses(*values), Tolerances(), NOW).replicas == expected


@pytest.mark.parametrize(("up", "down", "expected"), [(0.6, 0.1, 2), (0.4, 0.1, 3)])
def test_tolerances_have_a_direction(up: float, down: float, expected: int) -> None:
    """``tolerance`` of scaleUp and scaleDown."""
    assert by_utilization(2, 50, "cpu", pods(2), uses(750, 750), Tolerances(up, down), NOW).replicas == expected


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.sampled_from(["known", "missing", "pending"])), min_size=1),
    st.integers(1, 200),
)
def test_silence_never_makes_a_change_larger(world: list[tuple[int, str]], target: int) -> None:
    """Pods that say nothing never call for more pods than those that speak need, and never for fewer."""
    some = [
        pod(f"p{n}", phase="Pending" if kind == "pending" else "Running") for n, (_, kind) in enumerate(world)
    ]
    used = {f"p{n}": Measured(value, NOW, WINDOW) for n, (value, kind) in enumerate(world) if kind == "known"}
    if not used:
        return
    current, total = len(some), sum(one.value for one in used.values())
    percent = total * 100 // (1000 * len(used))
    replicas = utilization(current, target, some, used)
    if percent > target:
        needed = math.ceil(total * 100 / (1000 * target))
        assert replicas <= max(current, needed)
    elif percent < target:
        assert replicas <= current
