"""Sets of fields: set algebra on Kubernetes' own form of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.apply import field_set

_names = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'])
paths = st.sets(st.lists(_names, min_size=1, max_size=3).map(tuple), max_size=8)
Paths = set[tuple[str, ...]]


@given(paths, paths)
def test_algebra(left: Paths, right: Paths) -> None:
    """Union, difference and intersection are those of the sets of paths."""
    one, two = field_set.of_paths(left), field_set.of_paths(right)
    assert set(field_set.members(one)) == left
    assert set(field_set.members(field_set.union(one, two))) == left | right
    assert set(field_set.members(field_set.difference(one, two))) == left - right
    assert set(field_set.members(field_set.intersection(one, two))) == left & right


@given(paths)
def test_a_set_survives_being_stored(fields: Paths) -> None:
    """Written in order and read again it is the same, and equal sets are equal bytes."""
    tree = field_set.of_paths(fields)
    assert field_set.parse(field_set.ordered(tree)) == tree
    assert list(field_set.ordered(tree)) == sorted(tree)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("f:spec", "f:replicas"), ".spec.replicas"),
        (("f:a", 'k:{"containerPort":80,"protocol":"TCP"}'), '.a[containerPort=80,protocol="TCP"]'),
        (("f:metadata", "f:finalizers", 'v:"a.io/x"'), '.metadata.finalizers[="a.io/x"]'),
        (("f:a", "i:3"), ".a[3]"),
    ],
)
def test_paths_are_written_as_kubernetes_does(path: tuple[str, ...], text: str) -> None:
    """Conflicts name fields so."""
    assert field_set.format_path(path) == text


@pytest.mark.parametrize(
    "value", [5, {"a": {}}, {"f:a": 5}, {"k:{}": {}}, {"k:[": {}}, {"v:": {}}, {"i:x": {}}]
)
def test_what_is_no_set_is_refused(value: Any) -> None:
    """Clients may write managedFields: nothing else than a set gets in."""
    with pytest.raises(ValueError):  # noqa: PT011 - any
        field_set.parse(value)


def test_names_are_made_canonical() -> None:
    """However a client writes a key, it is the same item."""
    given_: dict[str, Any] = {'k:{"protocol": "TCP", "containerPort": 80}': {}, 'v: "a"': {}, "i:03": {}}
    assert set(field_set.parse(given_)) == {'k:{"containerPort":80,"protocol":"TCP"}', 'v:"a"', "i:3"}
