"""What a Deployment scales to what: the steps of a rollout, as numbers."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.apps.deployment import DeploymentSpec
from edgeorch_server.controllers.deployments.plan import (
    Aim,
    Group,
    empty,
    is_scaling,
    rescale,
    roll,
    size_of_new,
)


def group(name: str, size: int, available: int | None = None, **facts: int | None) -> Group:
    """Make a ReplicaSet of this size, with as many pods, all available unless said otherwise; ``a`` is oldest."""
    ready = size if available is None else available
    return Group(name, f"2026-05-01T12:00:00{name}", size, size, ready, **facts)


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "aim"),
    [
        (10, "25%", "25%", Aim(10, 3, 2)),
        (1, "25%", "25%", Aim(1, 1, 0)),
        (3, 0, "25%", Aim(3, 0, 1)),
        (0, "25%", "25%", Aim(0, 0, 0)),
        (3, 1, 5, Aim(3, 1, 3)),
    ],
    ids=["percentages", "one", "rounding leaves nothing", "none", "more than there are"],
)
def test_limits(replicas: int, surge: int | str, unavailable: int | str, aim: Aim) -> None:
    """The surge is rounded up and what may be missing down; where that leaves neither, one may be unavailable."""
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    assert Aim.of(DeploymentSpec.from_dict({"replicas": replicas, "strategy": strategy})) == aim


def test_recreate_has_no_limits() -> None:
    """Recreate: nothing above, nothing unavailable that is not wanted."""
    spec = DeploymentSpec.from_dict({"replicas": 3, "strategy": {"type": "Recreate"}})
    assert Aim.of(spec) == Aim(3, 0, 0, rolling=False)


AIM = Aim(10, 3, 2)


@pytest.mark.parametrize(
    ("new", "olds", "sizes"),
    [
        pytest.param(group("n", 0), [group("a", 10)], {"n": 3}, id="up first, as far as surge allows"),
        pytest.param(group("n", 3, 0), [group("a", 10)], {"a": 8}, id="down as far as availability allows"),
        pytest.param(group("n", 3, 0), [group("a", 8)], {"n": 5}, id="up again"),
        pytest.param(group("n", 5, 0), [group("a", 8)], {}, id="then it waits for pods"),
        pytest.param(group("n", 5, 1), [group("a", 8)], {"a": 7}, id="each that is available lets one go"),
        pytest.param(group("n", 5, 0), [group("a", 8, 5)], {}, id="broken old pods stand in for nothing"),
        pytest.param(
            group("n", 3, 0), [group("a", 10, 8)], {"a": 8}, id="broken ones go although none is spare"
        ),
        pytest.param(
            group("n", 3, 0), [group("b", 5), group("a", 5)], {"a": 3}, id="of several the oldest goes first"
        ),
        pytest.param(group("n", 10), [group("a", 2)], {"a": 0}, id="the end"),
        pytest.param(group("n", 10), [], {}, id="at rest"),
        pytest.param(group("n", 12), [], {"n": 10}, id="too many of its own"),
        pytest.param(
            group("n", 5, 5),
            [Group("a", "1", 5, pods=8, available=8)],
            {"a": 3},
            id="what is told to go is still there, and is not counted on",
        ),
    ],
)
def test_steps(new: Group, olds: list[Group], sizes: dict[str, int]) -> None:
    """Deployment, "Rolling Update Deployment": 10 wanted, 3 more allowed, 2 may be missing."""
    assert roll(AIM, new, olds) == sizes


def test_recreate() -> None:
    """All old ones go; then the new one gets all at once."""
    assert empty([group("a", 3), group("b", 0)]) == {"a": 0}
    assert size_of_new(Aim(3, 0, 0, rolling=False), group("n", 0), []) == 3


@pytest.mark.parametrize(
    ("new", "olds", "sizes"),
    [
        pytest.param(group("n", 5), [group("a", 0)], {"n": 10}, id="one has pods"),
        pytest.param(group("n", 10), [], {}, id="right already"),
        pytest.param(None, [group("a", 0), group("b", 0)], {"b": 10}, id="none has: the newest"),
        pytest.param(group("n", 0), [group("b", 0)], {"n": 10}, id="none has: the present template's"),
        pytest.param(None, [], {}, id="there is none"),
        pytest.param(group("n", 10, total_before=10), [group("a", 4)], {"a": 0}, id="saturated: the others go"),
        pytest.param(
            group("n", 3, most_before=5),
            [group("a", 2, most_before=5)],
            {"n": 8, "a": 5},
            id="each by its share",
        ),
        pytest.param(
            group("n", 13, most_before=26),
            [group("a", 13, most_before=26)],
            {"n": 7, "a": 6},
            id="equals shrink",
        ),
        pytest.param(
            group("n", 2), [group("a", 2)], {"n": 7, "a": 6}, id="without notes, by what there is now"
        ),
    ],
)
def test_rescaling(new: Group | None, olds: list[Group], sizes: dict[str, int]) -> None:
    """Deployment, "Proportional scaling": what there may be in all is divided among those that have pods."""
    assert rescale(AIM, new, olds) == sizes


def test_recreate_is_rescaled_by_its_next_step() -> None:
    """With Recreate there are no shares: old pods go anyway."""
    assert rescale(Aim(5, 0, 0, rolling=False), group("n", 1), [group("a", 1)]) == {}


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([group("a", 3, total_before=3)], True),
        ([group("a", 3, total_before=10)], False),
        ([group("a", 3)], False),
        ([group("a", 0, total_before=3)], False),
    ],
)
def test_is_scaling(groups: list[Group], expected: bool) -> None:
    """Only what has pods and was scaled for another number makes it so."""
    assert is_scaling(AIM, groups) is expected


@given(
    replicas=st.integers(0, 50),
    surge=st.integers(0, 20),
    before=st.integers(1, 70),
    sizes=st.lists(st.integers(1, 40), min_size=2, max_size=4),
)
def test_shares_add_up(replicas: int, surge: int, before: int, sizes: list[int]) -> None:
    """Whatever is divided, nobody gets less than nothing, and all together no more than there may be."""
    aim = Aim(replicas, surge, 1)
    groups = [group(name, size, most_before=before) for name, size in zip("abcd", sizes, strict=False)]
    changed = rescale(aim, groups[0], groups[1:])
    after = {g.name: g.size for g in groups} | dict(changed)
    assert min(after.values()) >= 0
    assert sum(after.values()) <= (aim.most if replicas else 0)
    assert rescale(aim, groups[0], groups[1:]) == changed


@given(
    aim=st.builds(
        lambda replicas, surge, unavailable: Aim(replicas, surge, min(unavailable or (not surge), replicas)),
        st.integers(0, 12),
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    olds=st.lists(st.integers(0, 12), max_size=3),
    new=st.integers(0, 12),
)
def test_it_ends(aim: Aim, olds: list[int], new: int) -> None:
    """With pods that become available at once a rollout ends, from wherever it starts."""
    current = group("n", new)
    others = [group(name, size) for name, size in zip("abc", olds, strict=False)]
    for step in itertools.count():
        sizes = roll(aim, current, others)
        if not sizes:
            break
        current = group("n", sizes.get("n", current.size))
        others = [group(other.name, sizes.get(other.name, other.size)) for other in others]
        assert step < 100
    assert current.size == aim.replicas
    assert all(other.size == 0 for other in others)
