"""Unknown fields, fields without effect, nulls and required zeros."""

from __future__ import annotations

import copy
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from edgeorch.api.core.pod import Pod
from edgeorch.api.field_check import (
    MAX_FINDINGS,
    FieldReport,
    check,
    in_document_order,
    sentences,
    sorted_unknown,
)
from edgeorch.api.meta import Model, Object, Unsupported


class _Inner(Model):
    name: str
    count: int | None = None
    odd: Annotated[str, Unsupported("it is odd")] = ""
    flag: Annotated[bool | None, Unsupported("it is a flag")] = None


class _Thing(Object):
    inner: _Inner | None = None
    inners: list[_Inner] = Field(default_factory=list)
    by_key: dict[str, _Inner] = Field(default_factory=dict)
    words: list[str] = Field(default_factory=list)
    texts: dict[str, str] = Field(default_factory=dict)
    free: dict[str, Any] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("body", "unknown"),
    [
        ({"spec": {"containers": [{"name": "c", "imagee": "x"}]}}, "spec.containers[0].imagee"),
        ({"spec": {"replicaz": 1}}, "spec.replicaz"),
        ({"specc": {}}, "specc"),
        ({"metadata": {"Name": "x"}}, "metadata.Name"),
        ({"spec": {"volumes": [{"name": "a"}, {"configMap": {"nam": 1}}]}}, "spec.volumes[1].configMap.nam"),
        (
            {"spec": {"containers": [{"name": "c", "livenessProbe": {"tcp": 1}}]}},
            "spec.containers[0].livenessProbe.tcp",
        ),
    ],
)
def test_finds_unknown_fields(body: dict[str, Any], unknown: str) -> None:
    """Unknown fields are named with their path, as Kubernetes writes it, and dropped from the copy."""
    before = copy.deepcopy(body)
    report = check(Pod, body)
    assert report.unknown == (unknown,)
    assert report.problems == (f'unknown field "{unknown}"',)
    assert check(Pod, report.body).unknown == ()
    assert body == before


def test_finds_unknown_fields_below_maps() -> None:
    """A key of a map stands in the path like a field; free JSON holds anything."""
    body = {"by_key": {"k": {"name": "a", "x": 1}}, "free": {"x": {"y": None}}}
    report = check(_Thing, body)
    assert report.unknown == ("by_key.k.x",)
    assert report.body == {"by_key": {"k": {"name": "a"}}, "free": {"x": {"y": None}}}


def test_reports_a_hundred_at_most() -> None:
    """A body full of garbage does not become an answer full of garbage."""
    report = check(_Thing, {f"x{index}": 1 for index in range(1000)})
    assert len(report.unknown) == MAX_FINDINGS
    assert report.body == {}


def test_names_fields_without_effect() -> None:
    """Known to Kubernetes, set, ignored here: kept, and the writer is told why. A zero value sets nothing."""
    body = {"inner": {"name": "a", "odd": "x"}, "inners": [{"name": "a", "odd": ""}, {"name": "b", "odd": "y"}]}
    report = check(_Thing, body)
    assert [str(found) for found in report.without_effect] == [
        "inner.odd: kept, but without effect here: it is odd",
        "inners[1].odd: kept, but without effect here: it is odd",
    ]
    assert report.body == body


def test_many_fields_of_a_name_are_told_together() -> None:
    """A warning for each place would drown the others; the first places are named, the rest counted."""
    body = {"inners": [{"name": "a", "odd": "x"} for _ in range(5)]}
    [told] = sentences(check(_Thing, body).without_effect)
    places = "inners[0], inners[1], inners[2] and 2 more"
    assert told == f"odd (in 5 places: {places}): kept, but without effect here: it is odd"
    few = {"inner": {"name": "a", "odd": "x", "flag": False}}
    assert sentences(check(_Thing, few).without_effect) == [
        "inner.odd: kept, but without effect here: it is odd",
        "inner.flag: kept, but without effect here: it is a flag",
    ]


def test_a_false_that_is_set_is_set() -> None:
    """Where Go has a pointer, false is not absent, so it asks for something that will not happen."""
    assert check(_Thing, {"inner": {"name": "a", "flag": False}}).without_effect
    assert not check(_Thing, {"inner": {"name": "a", "flag": None}}).without_effect


def test_drops_nulls_like_go() -> None:
    """A null field is not set; a null in a list or map is the zero value of its type."""
    body = {
        "metadata": {"creationTimestamp": None, "name": "x"},
        "inner": None,
        "inners": [None, {"name": "a", "count": None}],
        "by_key": {"k": None},
        "words": ["a", None],
        "texts": {"a": None},
    }
    assert check(_Thing, body).body == {
        "metadata": {"name": "x"},
        "inners": [{"name": ""}, {"name": "a"}],
        "by_key": {"k": {"name": ""}},
        "words": ["a", ""],
        "texts": {"a": ""},
    }


def test_fills_in_what_is_always_sent() -> None:
    """Go knows no missing field, so validation and not the decoder reports an empty name."""
    assert check(_Thing, {"inner": {}, "inners": [{"name": None}]}).body == {
        "inner": {"name": ""},
        "inners": [{"name": ""}],
    }


def test_a_clean_body_is_not_copied() -> None:
    """The common case costs no allocation: what needs no change is shared."""
    body = {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    report = check(Pod, body)
    assert report == FieldReport(body)
    assert report.body is body


def test_leaves_wrong_types_to_the_decoder() -> None:
    """Values of the wrong type pass through untouched; the models refuse them in Go's words."""
    body = {"inner": [], "inners": {"a": 1}, "by_key": 5, "words": "x", "metadata": "y"}
    assert check(_Thing, body).body == body


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "inner", "inners", "by_key", "words", "texts", "free", "name", "odd", "x"]
            ),
            children,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["metadata", "inner", "inners", "by_key", "words", "x"]), json))
def test_checking_twice_changes_nothing(body: dict[str, Any]) -> None:
    """Any JSON can be checked, is not changed, and its cleaned form is clean."""
    before = copy.deepcopy(body)
    report = check(_Thing, body)
    assert body == before
    again = check(_Thing, report.body)
    assert again.body == report.body
    assert again.unknown == ()


def test_one_pass_finds_everything_in_its_order() -> None:
    """Kubernetes reads once; what is unknown and stands there twice is unknown only, and nothing is said twice."""
    body = {"x": 1, "spec": {"a": 1, "y": 2, "b": 3}, "metadata": {}}
    duplicates = [f'duplicate field "{path}"' for path in ("metadata", "spec.y", "spec.a", "spec.a")]
    assert in_document_order(body, duplicates, ["spec.y", "x"]) == [
        'unknown field "x"',
        'duplicate field "spec.a"',
        'unknown field "spec.y"',
        'duplicate field "metadata"',
    ]


def test_what_a_patch_leaves_is_in_the_order_of_its_paths() -> None:
    """Indexes count as numbers."""
    assert sorted_unknown(["spec.x", "spec.c[10].x", "spec.c[9].x"]) == [
        'unknown field "spec.c[9].x"',
        'unknown field "spec.c[10].x"',
        'unknown field "spec.x"',
    ]
