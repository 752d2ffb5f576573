"""How fast the number of pods may change: "Configurable scaling behavior", clause by clause."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.autoscaling.defaults import default_horizontal_pod_autoscaler
from edgeorch.api.autoscaling.horizontal_pod_autoscaler import (
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehavior,
)
from edgeorch_server.controllers.autoscaling.pace import History, Limits, Timed, pace

NOW = 10_000.0


def behavior(
    up: dict[str, Any] | None = None, down: dict[str, Any] | None = None
) -> HorizontalPodAutoscalerBehavior:
    rules = {"scaleUp": up or {}, "scaleDown": down or {}}
    spec = {"scaleTargetRef": {"kind": "D", "name": "d"}, "maxReplicas": 1, "behavior": rules}
    hpa = HorizontalPodAutoscaler.from_dict({"spec": spec})
    default_horizontal_pod_autoscaler(hpa)
    assert hpa.spec.behavior is not None
    return hpa.spec.behavior


def policy(kind: str, value: int, seconds: int = 60) -> dict[str, Any]:
    return {"type": kind, "value": value, "periodSeconds": seconds}


def wishes(*ago: tuple[float, int]) -> History:
    return History(wishes=tuple(Timed(NOW - seconds, pods) for seconds, pods in ago))


@pytest.mark.parametrize(
    ("current", "wish", "history", "expected", "able", "limit"),
    [
        pytest.param(3, 5, (), 5, "ReadyForNewScale", None, id="up at once"),
        pytest.param(1, 9, (), 4, "ReadyForNewScale", "ScaleUpLimit", id="to four at least"),
        pytest.param(3, 9, (), 6, "ReadyForNewScale", "ScaleUpLimit", id="or twice as many"),
        pytest.param(8, 40, (), 10, "ReadyForNewScale", "TooManyReplicas", id="never above the maximum"),
        pytest.param(5, 0, (), 2, "ReadyForNewScale", "TooFewReplicas", id="never below the minimum"),
        pytest.param(5, 3, ((299, 5),), 5, "ScaleDownStabilized", None, id="five minutes' highest wish"),
        pytest.param(5, 3, ((299, 4),), 4, "ScaleDownStabilized", None, id="down to that wish"),
        pytest.param(5, 3, ((300, 5),), 3, "ReadyForNewScale", None, id="older wishes are forgotten"),
        pytest.param(
            3, 4, ((10, 6),), 6, "ScaleDownStabilized", None, id="a higher wish of late counts upwards too"
        ),
        pytest.param(5, 5, (), 5, "ReadyForNewScale", None, id="all is well"),
    ],
)
def test_without_a_behaviour(
    current: int, wish: int, history: tuple[tuple[float, int], ...], expected: int, able: str, limit: str | None
) -> None:
    """Up to twice as many (or 4), down after five minutes; 2 to 10 pods here."""
    found = pace(Limits(2, 10), wishes(*history), current, wish, NOW)
    assert (found.replicas, found.able[0], found.limited) == (expected, able, limit is not None)
    assert found.limit[0] == (limit or "DesiredWithinRange")


@pytest.mark.parametrize(
    ("up", "current", "wish", "expected", "limit"),
    [
        pytest.param({}, 2, 50, 6, "ScaleUpLimit", id="by default 4 more"),
        pytest.param({}, 10, 50, 20, "ScaleUpLimit", id="by default or twice"),
        pytest.param({"policies": [policy("Pods", 1)]}, 5, 50, 6, "ScaleUpLimit", id="one pod"),
        pytest.param({"policies": [policy("Percent", 10)]}, 5, 50, 6, "ScaleUpLimit", id="rounded up"),
        pytest.param(
            {"policies": [policy("Pods", 1), policy("Percent", 300)]},
            5,
            50,
            20,
            "ScaleUpLimit",
            id="the largest",
        ),
        pytest.param(
            {"policies": [policy("Pods", 1), policy("Percent", 300)], "selectPolicy": "Min"},
            *(5, 50, 6, "ScaleUpLimit"),
            id="the smallest",
        ),
        pytest.param({"selectPolicy": "Disabled"}, 5, 50, 5, "ScaleUpLimit", id="not at all"),
        pytest.param({"policies": [policy("Pods", 500)]}, 5, 500, 100, "TooManyReplicas", id="the maximum"),
        pytest.param({"policies": [policy("Pods", 5)]}, 5, 7, 7, "DesiredWithinRange", id="within"),
    ],
)
def test_policies_upwards(up: dict[str, Any], current: int, wish: int, expected: int, limit: str) -> None:
    """``policies`` and ``selectPolicy`` of scaleUp; 1 to 100 pods here."""
    found = pace(Limits(1, 100, behavior(up)), History(), current, wish, NOW)
    assert (found.replicas, found.limit[0]) == (expected, limit)


@pytest.mark.parametrize(
    ("down", "current", "wish", "expected", "limit"),
    [
        pytest.param({}, 80, 0, 1, "TooFewReplicas", id="by default all at once"),
        pytest.param(
            {"policies": [policy("Pods", 4), policy("Percent", 10)]}, 80, 1, 72, "ScaleDownLimit", id="10%"
        ),
        pytest.param(
            {"policies": [policy("Pods", 4), policy("Percent", 10)], "selectPolicy": "Min"},
            *(80, 1, 76, "ScaleDownLimit"),
            id="the smallest",
        ),
        pytest.param(
            {"policies": [policy("Pods", 4), policy("Percent", 10)]}, 20, 1, 16, "ScaleDownLimit", id="4"
        ),
        pytest.param({"selectPolicy": "Disabled"}, 80, 1, 80, "ScaleDownLimit", id="not at all"),
        pytest.param({"policies": [policy("Pods", 4)]}, 80, 78, 78, "DesiredWithinRange", id="within"),
    ],
)
def test_policies_downwards(down: dict[str, Any], current: int, wish: int, expected: int, limit: str) -> None:
    """``policies`` and ``selectPolicy`` of scaleDown, the window aside; 1 to 100 pods here."""
    rules = behavior(down={"stabilizationWindowSeconds": 0, **down})
    found = pace(Limits(1, 100, rules), History(), current, wish, NOW)
    assert (found.replicas, found.limit[0]) == (expected, limit)


@pytest.mark.parametrize(
    ("added", "removed", "expected"),
    [
        pytest.param([(30, 2)], [], 8, id="what came within the period counts"),
        pytest.param([(61, 2)], [], 10, id="what came before does not"),
        pytest.param([(30, 6)], [], 6, id="more than allowed: wait"),
        pytest.param([], [(30, 2)], 12, id="what went meanwhile may come back"),
    ],
)
def test_a_period_is_looked_back(
    added: list[tuple[float, int]], removed: list[tuple[float, int]], expected: int
) -> None:
    """Four pods in 60 seconds, counted from how many there were when they began."""
    notes = {
        name: tuple(Timed(NOW - ago, pods) for ago, pods in changes)
        for name, changes in (("added", added), ("removed", removed))
    }
    rules = behavior({"policies": [policy("Pods", 4)]})
    assert pace(Limits(1, 100, rules), History(**notes), 6, 50, NOW).replicas == expected


@pytest.mark.parametrize(
    ("window", "history", "wish", "expected", "able"),
    [
        ({"up": 60}, ((30, 5),), 9, 5, "ScaleUpStabilized"),
        ({"up": 60}, ((30, 7),), 9, 7, "ScaleUpStabilized"),
        ({"up": 60}, ((61, 5),), 9, 9, "ReadyForNewScale"),
        ({"down": 60}, ((30, 5),), 2, 5, "ScaleDownStabilized"),
        ({"down": 60}, ((61, 5),), 2, 2, "ReadyForNewScale"),
        ({}, ((299, 5),), 2, 5, "ScaleDownStabilized"),
    ],
    ids=["up", "up to the lowest", "up, later", "down", "down, later", "down by default"],
)
def test_stabilization_windows(
    window: dict[str, int], history: tuple[tuple[float, int], ...], wish: int, expected: int, able: str
) -> None:
    """Of the wishes of the window the one that changes least; 5 pods run."""
    rules = behavior(
        {"stabilizationWindowSeconds": window.get("up", 0)},
        {"stabilizationWindowSeconds": window["down"]} if "down" in window else {},
    )
    found = pace(Limits(1, 100, rules), wishes(*history), 5, wish, NOW)
    assert (found.replicas, found.able[0]) == (expected, able)


def test_changes_are_forgotten_when_no_policy_asks_for_them() -> None:
    """The longest period of any policy is how long they are kept."""
    rules = behavior({"policies": [policy("Pods", 4, 100)]}, {"policies": [policy("Pods", 4, 30)]})
    history = History(added=(Timed(NOW - 99, 1), Timed(NOW - 101, 2)))
    history = history.with_change(5, 3, NOW, rules)
    assert (history.added, history.removed) == ((Timed(NOW - 99, 1),), (Timed(NOW, 2),))


@given(
    st.integers(1, 20),
    st.integers(0, 30),
    st.integers(1, 5),
    st.integers(5, 20),
    st.booleans(),
    st.lists(st.tuples(st.floats(0, 600), st.integers(0, 30)), max_size=8),
)
def test_never_beyond_the_limits(
    current: int, wish: int, fewest: int, most: int, rules: bool, old: list[tuple[float, int]]
) -> None:
    """Whatever is wished for, now and before, a number within the limits stays within them, and notes the wish."""
    current = min(max(current, fewest), most)
    found = pace(Limits(fewest, most, behavior() if rules else None), wishes(*old), current, wish, NOW)
    assert fewest <= found.replicas <= most
    assert found.history.wishes[-1] == Timed(NOW, wish)
    assert min(current, wish, fewest) <= found.replicas
