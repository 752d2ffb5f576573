"""JSON Merge Patch: the examples of RFC 7386's appendix, and its laws."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.patch import merge_patch
from edgeorch.errors import BadRequest


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({"a": "foo"}, {"b": {"c": None}}, {"a": "foo", "b": {}}),
        ({"a": [1]}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        (
            {"title": "Goodbye!", "author": {"givenName": "John", "familyName": "Doe"}, "tags": ["example", "sample"], "content": "x"},
            {"title": "Hello!", "phoneNumber": "+01-123-456-7890", "author": {"familyName": None}, "tags": ["example"]},
            {"title": "Hello!", "author": {"givenName": "John"}, "tags": ["example"], "content": "x", "phoneNumber": "+01-123-456-7890"},
        ),
    ],
)  # fmt: skip
def test_applies(document: dict[str, Any], patch: dict[str, Any], expected: dict[str, Any]) -> None:
    """The RFC's own table, as far as it is about objects; neither argument changes."""
    before = copy.deepcopy((document, patch))
    assert merge_patch.apply(document, patch) == expected
    assert (document, patch) == before


@pytest.mark.parametrize("patch", [None, [], "x", 1, True])
def test_refuses_what_would_replace_the_object(patch: Any) -> None:
    """An API object cannot become a list or a number."""
    with pytest.raises(BadRequest):
        merge_patch.apply({"a": 1}, patch)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=2),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.sampled_from("abc"), children, max_size=3)
    ),
    max_leaves=10,
)
objects = st.dictionaries(st.sampled_from("abc"), json)


@given(objects, objects)
def test_is_idempotent(document: dict[str, Any], patch: dict[str, Any]) -> None:
    """Applying a merge patch twice is applying it once, and no argument changes."""
    before = copy.deepcopy((document, patch))
    once = merge_patch.apply(document, patch)
    assert merge_patch.apply(once, patch) == once
    assert (document, patch) == before
