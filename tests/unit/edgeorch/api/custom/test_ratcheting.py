"""What was wrong before may stay as it is; nothing may become wrong ("Validation ratcheting")."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.apiextensions.json_schema import JSONSchemaProps
from edgeorch.api.custom import checking
from edgeorch.api.custom.ratcheting import Before
from edgeorch.api.validation import Path

SMALL = {"type": "integer", "maximum": 3}
BY_NAME = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"]}
NAMED = {"type": "object", "properties": {"n": {"type": "string"}, "size": SMALL}}
SET = {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "integer"}}

CASES: dict[str, tuple[dict[str, Any], Any, Any, list[str]]] = {
    "a member that stays": (SMALL, {"a": 9, "b": 1}, {"a": 9, "b": 2}, []),
    "a member that changes": (SMALL, {"a": 9}, {"a": 8}, ["a"]),
    "a member that is new": (SMALL, {"b": 1}, {"a": 9, "b": 1}, ["a"]),
    "a member of another type": (SMALL, {"a": True}, {"a": 1}, []),
    "true is not 1": ({"type": "boolean"}, {"a": True}, {"a": 1}, ["a"]),
    "deep below what changes": (
        {"type": "object", "properties": {"x": SMALL, "y": SMALL}},
        {"a": {"x": 9, "y": 1}},
        {"a": {"x": 9, "y": 2}},
        [],
    ),
    "in any member": (
        {"type": "object", "additionalProperties": SMALL},
        {"a": {"p": 9, "q": 9}},
        {"a": {"p": 9, "q": 8}},
        ["a.q"],
    ),
    "an item by its key": (
        {"type": "array", **BY_NAME, "items": NAMED},
        {"a": [{"n": "x", "size": 9}]},
        {"a": [{"n": "y", "size": 1}, {"n": "x", "size": 9}]},
        [],
    ),
    "an item of a list without keys": (
        {"type": "array", "items": SMALL},
        {"a": [9]},
        {"a": [9, 1]},
        ["a[0]"],
    ),
    "a list that stays": ({"type": "array", "items": SMALL}, {"a": [9], "b": 1}, {"a": [9]}, []),
    "twins that were there": (SET, {"a": [1, 1]}, {"a": [1, 1, 2]}, []),
    "twins that come": (SET, {"a": [1, 2]}, {"a": [1, 2, 2]}, ["a[2]"]),
    "what is required and was missing": (
        {"type": "object", "required": ["x"], "properties": {"y": SMALL}},
        {"a": {"y": 1}},
        {"a": {"y": 2}},
        ["a.x"],
    ),
    "alternatives, as a whole": (
        {"type": "object", "properties": {"x": {}, "y": {}}, "anyOf": [{"properties": {"x": {"enum": [1]}}}]},
        {"a": {"x": 9, "y": 1}},
        {"a": {"x": 9, "y": 2}},
        ["a"],
    ),
}


@pytest.mark.parametrize(("rules", "before", "after", "wrong"), CASES.values(), ids=CASES.keys())
def test_what_is_held_against_a_change(
    rules: dict[str, Any], before: dict[str, Any], after: dict[str, Any], wrong: list[str]
) -> None:
    """Only what the change touches, as far as it can be told what was there before."""
    schema = JSONSchemaProps.from_dict({"type": "object", "properties": {"a": rules}})
    found = checking.check(schema, after, Path(), Before(before))
    assert [str(error).partition(":")[0] for error in found] == wrong


VALUES = st.recursive(
    st.booleans() | st.integers(0, 6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("an"), inner, max_size=2),
    max_leaves=8,
)
RULES = st.recursive(
    st.sampled_from([SMALL, SET, {"type": "boolean"}]),
    lambda inner: (
        st.builds(lambda item: {"type": "array", "items": item}, inner)
        | st.builds(lambda item: {"type": "array", **BY_NAME, "items": item}, inner)
        | st.builds(lambda member: {"type": "object", "properties": {"a": member}, "required": ["a"]}, inner)
    ),
    max_leaves=5,
)


@given(RULES, VALUES, VALUES)
def test_nothing_valid_becomes_invalid(rules: dict[str, Any], before: Any, after: Any) -> None:
    """After something valid a change is checked as if it were new; what stays is never refused; no finding is new."""
    schema = JSONSchemaProps.from_dict(rules)
    plain = [str(error) for error in checking.check(schema, after, Path("a"))]
    found = [str(error) for error in checking.check(schema, after, Path("a"), Before(before))]
    assert set(found) <= set(plain)
    if not checking.check(schema, before, Path("a")):
        assert found == plain
    assert not checking.check(schema, before, Path("a"), Before(before))
