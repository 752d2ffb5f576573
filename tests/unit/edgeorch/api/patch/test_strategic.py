"""Strategic merge patch: the cases of Kubernetes' documentation, each directive, and laws."""

from __future__ import annotations

import contextlib
import copy
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from edgeorch.api.core.pod import Pod
from edgeorch.api.meta import MergeKey, Model, Object, Replaced
from edgeorch.api.patch import strategic
from edgeorch.errors import ApiError, BadRequest


class _Strategy(Model):
    type: str = ""
    rolling: dict[str, Any] | None = None


class _Item(Model):
    name: str = ""
    value: int | str = 0
    words: list[str] = Field(default_factory=list)
    inner: Annotated[list[_Item], MergeKey("name")] = Field(default_factory=list)


class _Thing(Object):
    """Every kind of list, and a union as a Deployment's strategy is one."""

    strategy: Annotated[_Strategy | None, MergeKey("", retain_keys=True)] = None
    items: Annotated[list[_Item], MergeKey("name")] = Field(default_factory=list)
    plain: list[_Item] = Field(default_factory=list)
    words: Annotated[list[str], MergeKey("")] = Field(default_factory=list)
    numbers: list[int] = Field(default_factory=list)
    labels: dict[str, str] = Field(default_factory=dict)
    by_key: dict[str, _Item] = Field(default_factory=dict)
    whole: Annotated[_Item | None, Replaced()] = None


def items(*names: str, **values: Any) -> list[dict[str, Any]]:
    return [{"name": name, **({"value": values[name]} if name in values else {})} for name in names]


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        pytest.param({"labels": {"a": "1", "b": "2"}}, {"labels": {"a": "3", "b": None, "c": "4"}}, {"labels": {"a": "3", "c": "4"}}, id="maps merge and null removes"),
        pytest.param({}, {"labels": {"a": "1", "b": None}}, {"labels": {"a": "1"}}, id="nulls of a new object are dropped"),
        pytest.param({}, {"labels": None, "kind": None}, {}, id="null for what is not there"),
        pytest.param({"numbers": [1, 2]}, {"numbers": [3]}, {"numbers": [3]}, id="lists without a key are replaced"),
        pytest.param({"plain": items("a", "b")}, {"plain": items("c")}, {"plain": items("c")}, id="atomic lists of objects are replaced"),
        pytest.param({"items": items("a", "b", a=1)}, {"items": items("b", "c", b=2)}, {"items": items("a", "b", "c", a=1, b=2)}, id="lists merge by key and append"),
        pytest.param({"items": items("a", a=1)}, {"items": [{"name": "a", "value": None}]}, {"items": items("a")}, id="null removes a member of an item"),
        pytest.param({"items": None}, {"items": items("a")}, {"items": items("a")}, id="null in the document"),
        pytest.param({"items": items("a", "b")}, {"items": [{"name": "a", "$patch": "delete"}]}, {"items": items("b")}, id="delete an item"),
        pytest.param({"items": items("b")}, {"items": [{"name": "a", "$patch": "delete"}]}, {"items": items("b")}, id="delete an item that is not there"),
        pytest.param({}, {"items": [{"name": "a", "$patch": "delete"}, {"name": "b"}]}, {"items": items("b")}, id="delete from a list that is not there"),
        pytest.param({"items": items("a", "b", "a")}, {"items": [{"name": "a", "$patch": "delete"}]}, {"items": items("b")}, id="delete removes every item of the key"),
        pytest.param({"items": items("a", "b")}, {"items": [{"$patch": "replace"}, {"name": "c"}]}, {"items": items("c")}, id="replace a list"),
        pytest.param({"items": items("a", "b")}, {"items": [{"name": "c"}, {"$patch": "replace"}]}, {"items": items("c")}, id="replace may stand anywhere"),
        pytest.param({"items": items("a")}, {"items": [{"$patch": "replace"}]}, {"items": []}, id="replace by nothing"),
        pytest.param({"labels": {"a": "1"}}, {"labels": {"$patch": "replace", "b": "2"}}, {"labels": {"b": "2"}}, id="replace a map"),
        pytest.param({"labels": {"a": "1"}}, {"labels": {"$patch": "delete"}}, {"labels": {}}, id="delete a map"),
        pytest.param({"kind": "x", "labels": {}}, {"$patch": "replace", "kind": "y"}, {"kind": "y"}, id="replace everything"),
        pytest.param({}, {"labels": {"$patch": "replace", "b": "2"}}, {"labels": {"b": "2"}}, id="replace what is not there"),
        pytest.param({"words": ["a", "b"]}, {"words": ["b", "c"]}, {"words": ["a", "b", "c"]}, id="sets unite"),
        pytest.param({"words": []}, {"words": []}, {"words": []}, id="empty sets"),
        pytest.param({"words": ["a", "b", "c"]}, {"$deleteFromPrimitiveList/words": ["b", "x"]}, {"words": ["a", "c"]}, id="delete from a set"),
        pytest.param({"words": ["a", "b"]}, {"$deleteFromPrimitiveList/words": ["b"], "words": ["c"]}, {"words": ["c", "a"]}, id="delete from a set and add to it"),
        pytest.param({"words": ["a", "b"]}, {"words": ["b"], "$deleteFromPrimitiveList/words": ["b"]}, {"words": ["b", "a"]}, id="what is deleted and added stays"),
        pytest.param({}, {"$deleteFromPrimitiveList/words": ["b"]}, {}, id="delete from a set that is not there"),
        pytest.param({"numbers": [1, 2]}, {"$deleteFromPrimitiveList/numbers": [1]}, {"numbers": [2]}, id="delete from any list of scalars"),
        pytest.param({"items": items("a", "b", "c")}, {"$setElementOrder/items": items("c", "a", "b")}, {"items": items("c", "a", "b")}, id="order without contents"),
        pytest.param({"items": items("a", "b", "c", "x")}, {"$setElementOrder/items": items("c", "b", "a")}, {"items": items("c", "b", "a", "x")}, id="what the order does not name stays behind"),
        pytest.param({"items": items("x", "a", "b")}, {"$setElementOrder/items": items("b", "a")}, {"items": items("x", "b", "a")}, id="what the order does not name stays before"),
        pytest.param({"items": items("a", "b")}, {"$setElementOrder/items": items("n", "b", "a"), "items": items("n", n=5)}, {"items": items("n", "b", "a", n=5)}, id="order with a new item"),
        pytest.param({"items": items("a", "b")}, {"$setElementOrder/items": items("b"), "items": [{"name": "a", "$patch": "delete"}]}, {"items": items("b")}, id="order with a deletion"),
        pytest.param({}, {"$setElementOrder/items": items("b", "a"), "items": items("b", "a")}, {"items": items("b", "a")}, id="order of a new list"),
        pytest.param({}, {"$setElementOrder/items": items("a")}, {}, id="order of a list that is nowhere"),
        pytest.param({"words": ["a", "b"]}, {"$setElementOrder/words": ["c", "b", "a"], "words": ["c"]}, {"words": ["c", "b", "a"]}, id="order of a set"),
        pytest.param(
            {"strategy": {"type": "RollingUpdate", "rolling": {"maxSurge": 1}}},
            {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
            {"strategy": {"type": "Recreate"}},
            id="retainKeys drops the old variant",
        ),
        pytest.param({"whole": {"name": "a", "value": 1}}, {"whole": {"value": 2, "words": None}}, {"whole": {"value": 2}}, id="replaced as a whole"),
        pytest.param({"whole": {"name": "a"}}, {"whole": None}, {}, id="what is replaced as a whole can go"),
        pytest.param({}, {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}, {"strategy": {"type": "Recreate"}}, id="retainKeys on what is not there"),
        pytest.param(
            {"strategy": {"type": "a", "rolling": {"x": 1}}},
            {"strategy": {"$retainKeys": ["type"], "rolling": None}},
            {"strategy": {"type": "a"}},
            id="retainKeys need not name what is removed",
        ),
        pytest.param({"by_key": {"k": {"name": "n", "inner": items("a", "b")}}}, {"by_key": {"k": {"inner": items("b", b=1)}}}, {"by_key": {"k": {"name": "n", "inner": items("a", "b", b=1)}}}, id="schema below maps"),
        pytest.param({"items": [{"name": "a", "inner": items("x", "y")}]}, {"items": [{"name": "a", "inner": [{"name": "x", "$patch": "delete"}]}]}, {"items": [{"name": "a", "inner": items("y")}]}, id="schema below lists"),
        pytest.param({"items": {"not": "a list"}}, {"items": items("a")}, {"items": items("a")}, id="another type replaces"),
        pytest.param({"labels": "x"}, {"labels": {"a": "1"}}, {"labels": {"a": "1"}}, id="an object replaces a scalar"),
        pytest.param({"unknown": {"a": [1]}}, {"unknown": {"a": [2], "b": 1}}, {"unknown": {"a": [2], "b": 1}}, id="unknown fields merge plainly"),
    ],
)  # fmt: skip
def test_applies(document: dict[str, Any], patch: dict[str, Any], expected: dict[str, Any]) -> None:
    """What each kind of field and each directive does; neither argument changes."""
    before = copy.deepcopy((document, patch))
    assert strategic.apply(_Thing, document, patch) == expected
    assert (document, patch) == before


def pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


CTR = {"name": "patch-demo-ctr", "image": "nginx"}
CTR_2 = {"name": "patch-demo-ctr-2", "image": "redis"}


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        pytest.param(pod(containers=[CTR]), {"spec": {"containers": [CTR_2]}}, pod(containers=[CTR_2, CTR]), id="documentation: add a container"),
        pytest.param(
            pod(containers=[CTR], tolerations=[{"effect": "NoSchedule", "key": "dedicated", "value": "test-team"}]),
            {"spec": {"tolerations": [{"effect": "NoSchedule", "key": "disktype", "value": "ssd"}]}},
            pod(containers=[CTR], tolerations=[{"effect": "NoSchedule", "key": "disktype", "value": "ssd"}]),
            id="documentation: tolerations are replaced",
        ),
        pytest.param(
            pod(containers=[{**CTR, "ports": [{"containerPort": 80}, {"containerPort": 443}]}]),
            {"spec": {"containers": [{"name": CTR["name"], "ports": [{"containerPort": 443, "name": "https"}]}]}},
            pod(containers=[{**CTR, "ports": [{"containerPort": 80}, {"containerPort": 443, "name": "https"}]}]),
            id="ports merge by their number",
        ),
        pytest.param(
            pod(containers=[CTR, CTR_2]),
            {"spec": {"$setElementOrder/containers": [{"name": CTR["name"]}, {"name": CTR_2["name"]}], "containers": [{"name": CTR["name"], "image": "nginx:2"}]}},
            pod(containers=[{**CTR, "image": "nginx:2"}, CTR_2]),
            id="kubectl set image",
        ),
        pytest.param(
            pod(containers=[{**CTR, "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]),
            {"spec": {"containers": [{"name": CTR["name"], "env": [{"$patch": "delete", "name": "A"}]}]}},
            pod(containers=[{**CTR, "env": [{"name": "B", "value": "2"}]}]),
            id="kubectl set env A-",
        ),
        pytest.param(
            pod(volumes=[{"name": "v", "emptyDir": {}}]),
            {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]}},
            pod(volumes=[{"name": "v", "configMap": {"name": "c"}}]),
            id="apply changes a volume's source",
        ),
        pytest.param(
            {"metadata": {"finalizers": ["a", "b"]}},
            {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "$setElementOrder/finalizers": ["b", "c"], "finalizers": ["c"]}},
            {"metadata": {"finalizers": ["b", "c"]}},
            id="apply changes finalizers",
        ),
    ],
)  # fmt: skip
def test_applies_to_pods(document: dict[str, Any], patch: dict[str, Any], expected: dict[str, Any]) -> None:
    """The examples of Kubernetes' task page and what kubectl really sends, with the real model's keys."""
    assert strategic.apply(Pod, document, patch) == expected


@pytest.mark.parametrize(
    ("document", "patch", "message"),
    [
        ({"items": items("a")}, {"items": [{"value": 1}]}, "map: map[value:1] does not contain declared merge key: name"),
        ({"items": items("a")}, {"items": [{"$patch": "delete"}]}, "map: map[$patch:delete] does not contain declared merge key: name"),
        ({"items": items("a")}, {"items": [{"name": None}]}, "map: map[name:<nil>] does not contain declared merge key: name"),
        ({"items": items("a")}, {"items": [{"name": "a", "$patch": "merge"}]}, "merging lists cannot yet be specified in the patch"),
        ({"items": items("a")}, {"items": [{"name": "a", "$patch": "x"}]}, "unknown patch type: x in map: map[$patch:x name:a]"),
        ({}, {"labels": {"$patch": True}}, "unknown patch type: true in map: map[$patch:true]"),
        ({"items": items("a")}, {"items": ["a"]}, "list element types are not identical"),
        ({"items": ["a"]}, {"items": items("a")}, "list element types are not identical"),
        ({"words": ["a"]}, {"words": [{"name": "a"}]}, "cannot merge lists without merge key"),
        ({"words": ["a"]}, {"words": [["a"]]}, "cannot merge lists without merge key"),
        ({}, {"$retainKeys": "kind"}, "invalid patch format of retainKeys"),
        ({}, {"$retainKeys": [], "kind": "x"}, "invalid patch format of retainKeys"),
        ({}, {"$setElementOrder/items": "a"}, "invalid patch format of setElementOrder list"),
        ({}, {"$setElementOrder/": []}, "invalid patch format of setElementOrder list"),
        ({}, {"$setElementOrder/items": [], "items": {}}, "invalid patch format of setElementOrder list"),
        ({"items": {}}, {"$setElementOrder/items": []}, "cannot set the order of items: it is no list"),
        ({"words": []}, {"$deleteFromPrimitiveList/words": "a"}, "invalid patch format of primitive list"),
        (
            {"words": ["a"]},
            {"$setElementOrder/words": ["a", "b"], "words": ["b", "a"]},
            "The order in patch list:\n[b a]\n doesn't match $setElementOrder list:\n[a b]\n",
        ),
    ],
)  # fmt: skip
def test_refuses(document: dict[str, Any], patch: dict[str, Any], message: str) -> None:
    """A malformed patch is a BadRequest in the words of apimachinery's strategicpatch."""
    with pytest.raises(BadRequest) as refused:
        strategic.apply(_Thing, document, patch)
    assert refused.value.message == message


@pytest.mark.parametrize("patch", [None, [], "x", 1])
def test_refuses_what_is_no_object(patch: Any) -> None:
    """A strategic merge patch is a JSON object."""
    with pytest.raises(BadRequest):
        strategic.apply(_Thing, {}, patch)


def test_an_empty_patch_copies_nothing() -> None:
    """What a patch does not touch is shared with the document, not copied."""
    document = pod(containers=[CTR])
    assert strategic.apply(Pod, document, {"metadata": {"labels": {"a": "b"}}})["spec"] is document["spec"]


@pytest.mark.timeout(20)
def test_long_lists_take_no_quadratic_time() -> None:
    """Ten thousand items are looked up by key, not searched one in the other."""
    names = [f"n{index}" for index in range(10_000)]
    patch = {
        "$setElementOrder/items": items(*reversed(names)),
        "items": items(*reversed(names), **dict.fromkeys(names, 1)),
    }
    merged = strategic.apply(_Thing, {"items": items(*names)}, patch)["items"]
    assert [item["name"] for item in merged] == names[::-1]
    assert all(item["value"] == 1 for item in merged)


def name_of(item: Any) -> str:
    return str(item["name"])


name = st.sampled_from("abcd")
item: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": name}, optional={"value": st.integers(0, 2), "words": st.lists(name, max_size=2)}
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "kind": name,
        "labels": st.dictionaries(name, name, max_size=3),
        "items": st.lists(item, max_size=4, unique_by=name_of),
        "plain": st.lists(item, max_size=2),
        "words": st.lists(name, max_size=4, unique=True),
        "numbers": st.lists(st.integers(0, 2), max_size=3),
        "strategy": st.fixed_dictionaries(
            {}, optional={"type": name, "rolling": st.dictionaries(name, name, max_size=2)}
        ),
    },
)


@given(documents, documents)
def test_is_idempotent(document: dict[str, Any], patch: dict[str, Any]) -> None:
    """A patch without directives applied twice is the patch applied once."""
    before = copy.deepcopy((document, patch))
    once = strategic.apply(_Thing, document, patch)
    assert strategic.apply(_Thing, once, patch) == once
    assert (document, patch) == before


@given(documents, st.lists(item, max_size=4, unique_by=name_of), st.randoms(use_true_random=False))
def test_order_is_obeyed(document: dict[str, Any], change: list[dict[str, Any]], random: Any) -> None:
    """Items that the order names come in its order, nothing is lost or doubled, and twice is once."""
    live = [i["name"] for i in document.get("items", [])]
    order = list(dict.fromkeys([*live, *(i["name"] for i in change)]))
    random.shuffle(order)
    order = order[: random.randrange(len(order) + 1)]
    kept = sorted((i for i in change if i["name"] in order), key=lambda i: order.index(i["name"]))
    patch = {"$setElementOrder/items": items(*order), "items": kept}
    once = strategic.apply(_Thing, document, patch)
    merged = [i["name"] for i in once["items"]]
    assert [n for n in merged if n in order] == [n for n in order if n in merged]
    assert [n for n in merged if n not in order] == [n for n in live if n not in order]
    assert sorted(merged) == sorted({*live, *(i["name"] for i in kept)})
    assert strategic.apply(_Thing, once, patch) == once


wild = st.recursive(
    st.none() | st.booleans() | st.integers(0, 1) | st.sampled_from(["a", "b", "delete", "replace", "merge"]),
    lambda children: st.lists(children, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["name", "items", "words", "plain", "labels", "strategy", "inner", "$patch", "$retainKeys", "$setElementOrder/items", "$setElementOrder/words", "$deleteFromPrimitiveList/words", "$setElementOrder/"]
        ),
        children,
        max_size=4,
    ),
    max_leaves=15,
)  # fmt: skip
wild_objects = st.dictionaries(
    st.sampled_from(["items", "words", "plain", "labels", "$patch", "$setElementOrder/items"]), wild
)


@given(documents | wild_objects, wild_objects)
def test_raises_nothing_but_api_errors(document: dict[str, Any], patch: dict[str, Any]) -> None:
    """Any JSON as a patch of any JSON gives an object or an ApiError, and changes neither."""
    before = copy.deepcopy((document, patch))
    with contextlib.suppress(ApiError):
        assert isinstance(strategic.apply(_Thing, document, patch), dict)
    assert (document, patch) == before
