"""JSON Patch: every example of RFC 6902's appendix A, RFC 6901's pointers, and the limits."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.patch import json_patch
from edgeorch.errors import ApiError, BadRequest, Invalid, RequestEntityTooLarge


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
        (
            {"foo": ["bar", "baz"]},
            [{"op": "add", "path": "/foo/1", "value": "qux"}],
            {"foo": ["bar", "qux", "baz"]},
        ),
        ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
        ({"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
        ({"baz": "qux"}, [{"op": "replace", "path": "/baz", "value": "boo"}], {"baz": "boo"}),
        (
            {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
            [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
            {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
        ),
        (
            {"foo": ["all", "grass", "cows", "eat"]},
            [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
            {"foo": ["all", "cows", "eat", "grass"]},
        ),
        (
            {"baz": "qux", "foo": ["a", 2, "c"]},
            [{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}],
            {"baz": "qux", "foo": ["a", 2, "c"]},
        ),
        (
            {"foo": "bar"},
            [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
            {"foo": "bar", "child": {"grandchild": {}}},
        ),
        (
            {"foo": "bar"},
            [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}],
            {"foo": "bar", "baz": "qux"},
        ),
        ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
        (
            {"foo": ["bar"]},
            [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
            {"foo": ["bar", ["abc", "def"]]},
        ),
        ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}], {"a": {"b": 1}, "c": {"b": 1}}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
        ({"a": 1}, [{"op": "add", "path": "", "value": {"b": 2}}], {"b": 2}),
        ({"a": 1}, [{"op": "move", "from": "/a", "path": "/a"}], {"a": 1}),
        ({"a/b": {"m~n": 1}}, [{"op": "remove", "path": "/a~1b/m~0n"}], {"a/b": {}}),
        ({"": {"": 1}}, [{"op": "replace", "path": "//", "value": 2}], {"": {"": 2}}),
        ({"a": [1]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2]}),
        ({"a": [1, 2]}, [{"op": "replace", "path": "/a/1", "value": 3}], {"a": [1, 3]}),
        ({"a": 1.0}, [{"op": "test", "path": "/a", "value": 1}], {"a": 1.0}),
        ({"a": {"b": [1], "c": None}}, [{"op": "test", "path": "/a", "value": {"c": None, "b": [1]}}], {"a": {"b": [1], "c": None}}),
        ({"a": 1}, [], {"a": 1}),
        # kubectl rollout undo, and what apply --server-side sends to take over from client-side apply
        (
            {"metadata": {"annotations": {"x": "1"}}, "spec": {"template": {"a": 1}}},
            [
                {"op": "replace", "path": "/spec/template", "value": {"a": 2}},
                {"op": "replace", "path": "/metadata/annotations", "value": {"x": "2"}},
            ],
            {"metadata": {"annotations": {"x": "2"}}, "spec": {"template": {"a": 2}}},
        ),
    ],
)  # fmt: skip
def test_applies(document: dict[str, Any], patch: list[Any], expected: dict[str, Any]) -> None:
    """The RFC's examples and the operations kubectl sends; neither argument changes."""
    before = copy.deepcopy((document, patch))
    assert json_patch.apply(document, patch) == expected
    assert (document, patch) == before


@pytest.mark.parametrize(
    ("document", "operation", "why"),
    [
        ({"baz": "qux"}, {"op": "test", "path": "/baz", "value": "bar"}, "testing value /baz failed: test failed"),
        ({"foo": "bar"}, {"op": "add", "path": "/baz/bat", "value": "qux"}, 'add operation does not apply: doc is missing path: "/baz": missing value'),
        ({"/": 9, "~1": 10}, {"op": "test", "path": "/~01", "value": "10"}, "testing value /~01 failed: test failed"),
        ({"a": True}, {"op": "test", "path": "/a", "value": 1}, "testing value /a failed: test failed"),
        ({"a": [1]}, {"op": "test", "path": "/a", "value": [True]}, "testing value /a failed: test failed"),
        ({"a": 1}, {"op": "test", "path": "/b", "value": None}, 'test operation does not apply: doc is missing path: "/b": missing value'),
        ({}, {"op": "remove", "path": "/a"}, 'remove operation does not apply: doc is missing path: "/a": missing value'),
        ({"a": [1]}, {"op": "remove", "path": "/a/1"}, 'remove operation does not apply: doc is missing path: "/a/1": missing value'),
        ({"a": [1]}, {"op": "remove", "path": "/a/-"}, 'remove operation does not apply: doc is missing path: "/a/-": missing value'),
        ({"a": [1]}, {"op": "remove", "path": "/a/00"}, 'remove operation does not apply: doc is missing path: "/a/00": missing value'),
        ({"a": [1]}, {"op": "remove", "path": "/a/-1"}, 'remove operation does not apply: doc is missing path: "/a/-1": missing value'),
        ({"a": [1]}, {"op": "add", "path": "/a/2", "value": 1}, 'add operation does not apply: doc is missing path: "/a/2": missing value'),
        ({"a": [1]}, {"op": "add", "path": "/a/x", "value": 1}, 'add operation does not apply: doc is missing path: "/a/x": missing value'),
        ({"a": "text"}, {"op": "add", "path": "/a/0", "value": 1}, 'add operation does not apply: doc is missing path: "/a/0": missing value'),
        ({}, {"op": "replace", "path": "/a", "value": 1}, 'replace operation does not apply: doc is missing path: "/a": missing value'),
        ({"a": [1]}, {"op": "replace", "path": "/a/-", "value": 1}, 'replace operation does not apply: doc is missing path: "/a/-": missing value'),
        ({"a": {}}, {"op": "move", "from": "/a", "path": "/a/b"}, "move operation does not apply: cannot move /a into itself"),
        ({}, {"op": "move", "from": "/a", "path": "/b"}, 'move operation does not apply: doc is missing path: "/a": missing value'),
        ({}, {"op": "copy", "from": "/a", "path": "/b"}, 'copy operation does not apply: doc is missing path: "/a": missing value'),
        ({}, {"op": "add", "path": "a", "value": 1}, "add operation does not apply: invalid path: a"),
        ({}, {"op": "add", "path": "/a~2", "value": 1}, "add operation does not apply: invalid path: /a~2"),
        ({}, {"op": "add", "path": 5, "value": 1}, "add operation does not apply: invalid path: 5"),
        ({}, {"op": "add", "value": 1}, "add operation does not apply: invalid path: None"),
        ({}, {"op": "add", "path": "/a"}, "add operation does not apply: missing value"),
        ({}, {"op": "frob", "path": "/a"}, "Unexpected kind: frob"),
        ({}, {"op": ["add"], "path": "/a"}, "Unexpected kind: ['add']"),
        ({}, {"path": "/a"}, "Unexpected kind: None"),
        ({}, {"op": "remove", "path": ""}, "the patch leaves no JSON object"),
        ({}, {"op": "add", "path": "", "value": []}, "the patch leaves no JSON object"),
    ],
)  # fmt: skip
def test_does_not_apply(document: dict[str, Any], operation: dict[str, Any], why: str) -> None:
    """An operation that does not apply is 422 in Kubernetes' words; the reason is in the causes."""
    with pytest.raises(Invalid) as refused:
        json_patch.apply(document, [operation])
    assert refused.value.message == "the server rejected our request due to an error in our request"
    assert [cause.message for cause in refused.value.causes] == [why]


def test_all_or_nothing() -> None:
    """A patch that fails half way leaves nothing behind (RFC 6902, section 5)."""
    document = {"a": {"b": [1]}}
    with pytest.raises(Invalid):
        json_patch.apply(
            document, [{"op": "add", "path": "/a/b/-", "value": 2}, {"op": "remove", "path": "/x"}]
        )
    assert document == {"a": {"b": [1]}}


def test_values_are_not_shared_between_operations() -> None:
    """What one operation inserted, the next may change, and the patch stays as it was."""
    patch = [
        {"op": "add", "path": "/a", "value": {}},
        {"op": "copy", "from": "/a", "path": "/b"},
        {"op": "add", "path": "/a/x", "value": 1},
    ]
    assert json_patch.apply({}, patch) == {"a": {"x": 1}, "b": {}}
    assert patch[0] == {"op": "add", "path": "/a", "value": {}}


@pytest.mark.parametrize("patch", [{}, None, "x", [1], [None], [[]]])
def test_refuses_what_is_no_patch(patch: Any) -> None:
    """A patch is a list of objects."""
    with pytest.raises(BadRequest):
        json_patch.apply({}, patch)


def test_limits_operations() -> None:
    """The same limit and words as in Kubernetes."""
    operation = {"op": "test", "path": "", "value": {}}
    assert json_patch.apply({}, [operation] * json_patch.MAX_OPERATIONS) == {}
    with pytest.raises(RequestEntityTooLarge) as refused:
        json_patch.apply({}, [operation] * (json_patch.MAX_OPERATIONS + 1))
    assert refused.value.message == "The allowed maximum operations in a JSON patch is 10000, got 10001"


def test_limits_copies() -> None:
    """Sixty copies of everything into itself would be 2^60 values; the growth is bounded."""
    with pytest.raises(RequestEntityTooLarge, match="accumulated size increase"):
        json_patch.apply(
            {"a": {"x": "y"}}, [{"op": "copy", "from": "/a", "path": f"/a/{n}"} for n in range(60)]
        )


pointers = st.sampled_from(["", "/a", "/b", "/a/b", "/a/0", "/a/-", "/b/0/a", "/", "/~0", "a", "/a/1"])
json = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.text("ab", max_size=1),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", ""]), children, max_size=3)
    ),
    max_leaves=8,
)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"])},
    optional={"path": pointers, "from": pointers, "value": json},
)


@given(st.dictionaries(st.sampled_from(["a", "b"]), json), st.lists(operations | json, max_size=6))
def test_raises_nothing_but_api_errors(document: dict[str, Any], patch: list[Any]) -> None:
    """Any patch gives a JSON object or an ApiError, and never changes its arguments."""
    before = copy.deepcopy((document, patch))
    with contextlib.suppress(ApiError):
        assert isinstance(json_patch.apply(document, patch), dict)
    assert (document, patch) == before
