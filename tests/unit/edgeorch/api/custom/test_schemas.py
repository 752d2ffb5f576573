"""What a structural schema does to an object: pruning, defaults, checks; and what it may not say itself."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.apiextensions.json_schema import JSONSchemaProps
from edgeorch.api.apiextensions.structural import check_root
from edgeorch.api.custom import checking, defaulting
from edgeorch.api.custom.json_path import BadPath, JsonPath, with_value
from edgeorch.api.custom.pruning import pruned
from edgeorch.api.custom.versions import priority
from edgeorch.api.validation import Path

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}


def schema(**given: Any) -> JSONSchemaProps:
    return JSONSchemaProps.from_dict(given)


def of(**properties: Any) -> JSONSchemaProps:
    return schema(type="object", properties=properties)


FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}

PRUNED: dict[str, tuple[JSONSchemaProps, Any, Any, list[str]]] = {
    "unknown members go": (of(a=TEXT), {"a": "x", "b": 1}, {"a": "x"}, ["b"]),
    "within lists too": (
        of(a={"type": "array", "items": {"type": "object", "properties": {"k": TEXT}}}),
        {"a": [{"k": "x"}, {"l": "y"}]},
        {"a": [{"k": "x"}, {}]},
        ["a[1].l"],
    ),
    "entries of maps are kept": (
        of(a={"type": "object", "additionalProperties": {"type": "object", "properties": {"k": TEXT}}}),
        {"a": {"one": {"k": "x", "l": 1}}},
        {"a": {"one": {"k": "x"}}},
        ["a.one.l"],
    ),
    "free objects are kept": (of(a=FREE), {"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 1}}}, []),
    "known members of free objects are looked at": (
        of(a={**FREE, "properties": {"k": {"type": "object"}}}),
        {"a": {"k": {"l": 1}, "m": 2}},
        {"a": {"k": {}, "m": 2}},
        ["a.k.l"],
    ),
    "an embedded object keeps what every object has": (
        of(a={"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": TEXT}}),
        {"a": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "n"}, "status": 1}},
        {"a": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "n"}}},
        ["a.status"],
    ),
}


@pytest.mark.parametrize(("given", "body", "kept", "unknown"), PRUNED.values(), ids=PRUNED.keys())
def test_pruning(given: JSONSchemaProps, body: Any, kept: Any, unknown: list[str]) -> None:
    """What is not specified is dropped and named, unless it is to be preserved; the body is not changed."""
    before = copy.deepcopy(body)
    assert pruned(given, body, is_object=False) == (kept, unknown)
    assert body == before


DEFAULTED: dict[str, tuple[JSONSchemaProps, Any, Any]] = {
    "missing": (of(a={**TEXT, "default": "x"}), {}, {"a": "x"}),
    "there": (of(a={**TEXT, "default": "x"}), {"a": ""}, {"a": ""}),
    "null counts as missing": (of(a={**TEXT, "default": "x"}), {"a": None}, {"a": "x"}),
    "what stands for a null is filled in too": (
        schema(
            type="object",
            additionalProperties={
                "type": "object",
                "default": {},
                "properties": {"a": {**TEXT, "default": "x"}},
            },
        ),
        {"k": None},
        {"k": {"a": "x"}},
    ),
    "null may be a value": (
        of(a={**TEXT, "default": "x", "nullable": True}),
        {"a": None},
        {"a": None},
    ),
    "null without a default goes": (of(a=TEXT), {"a": None}, {}),
    "within a default": (
        of(a={"type": "object", "default": {}, "properties": {"b": {**NUMBER, "default": 1}}}),
        {},
        {"a": {"b": 1}},
    ),
    "not within what is missing": (
        of(a={"type": "object", "properties": {"b": {**NUMBER, "default": 1}}}),
        {},
        {},
    ),
    "within items and entries": (
        of(
            a={"type": "array", "items": {"type": "object", "properties": {"b": {**NUMBER, "default": 1}}}},
            m={
                "type": "object",
                "additionalProperties": {"type": "object", "properties": {"b": {**NUMBER, "default": 2}}},
            },
        ),
        {"a": [{}], "m": {"x": {}}},
        {"a": [{"b": 1}], "m": {"x": {"b": 2}}},
    ),
}


@pytest.mark.parametrize(("given", "body", "filled"), DEFAULTED.values(), ids=DEFAULTED.keys())
def test_defaulting(given: JSONSchemaProps, body: Any, filled: Any) -> None:
    """Defaults are taken where nothing is said, top down."""
    defaulting.fill(given, body)
    assert body == filled


CHECKED: dict[str, tuple[dict[str, Any], Any, str]] = {
    "type": (NUMBER, "x", 'a: Invalid value: "string": a in body must be of type integer: "string"'),
    "null": (TEXT, None, 'a: Invalid value: "null": a in body must be of type string: "null"'),
    "a bool is no number": (NUMBER, True, 'a in body must be of type integer: "boolean"'),
    "maximum": (
        {**NUMBER, "maximum": 3},
        4,
        "a: Invalid value: 4: a in body should be less than or equal to 3",
    ),
    "exclusive": ({**NUMBER, "minimum": 3, "exclusiveMinimum": True}, 3, "should be greater than 3"),
    "multiple": ({"type": "number", "multipleOf": 0.1}, 0.25, "a in body should be a multiple of 0.1"),
    "pattern": ({**TEXT, "pattern": "^b+$"}, "x", "a: Invalid value: \"x\": a in body should match '^b+$'"),
    "format": ({**TEXT, "format": "ipv4"}, "x", 'a in body must be of type ipv4: "x"'),
    "too long": ({**TEXT, "maxLength": 1}, "xy", "a: Too long: may not be more than 1 byte"),
    "too short": ({**TEXT, "minLength": 2}, "x", "a in body should be at least 2 chars long"),
    "enum": ({**TEXT, "enum": ["x", "y"]}, "z", 'a: Unsupported value: "z": supported values: "x", "y"'),
    "int or string": ({"x-kubernetes-int-or-string": True}, 1.5, 'must be of type integer,string: "number"'),
    "many": (
        {"type": "array", "maxItems": 1, "items": NUMBER},
        [1, 2],
        "a: Too many: 2: must have at most 1 item",
    ),
    "set": (
        {"type": "array", "x-kubernetes-list-type": "set", "items": NUMBER},
        [1, 1],
        "a[1]: Duplicate value: 1",
    ),
    "map": (
        {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": FREE},
        [{"k": "x"}, {"k": "x", "l": 1}],
        'a[1]: Duplicate value: {"k":"x"}',
    ),
    "required": ({"type": "object", "required": ["k"]}, {}, "a.k: Required value"),
    "one of": (
        {"oneOf": [{"minimum": 1}, {"minimum": 2}]},
        3,
        "one and only one schema (oneOf). Found 2 valid",
    ),
    "any of": ({"anyOf": [{"minimum": 1}]}, 0, '"a" must validate at least one schema (anyOf)'),
    "not": ({"not": {"enum": [0]}}, 0, '"a" must not validate the schema (not)'),
}


@pytest.mark.parametrize(("given", "value", "said"), CHECKED.values(), ids=CHECKED.keys())
def test_checking(given: dict[str, Any], value: Any, said: str) -> None:
    """What does not fit is said once, in Kubernetes' words."""
    found = [str(error) for error in checking.check(schema(**given), value, Path("a"))]
    assert len(found) == 1, found
    assert said in found[0]


STRUCTURAL: dict[str, tuple[dict[str, Any], str]] = {
    "field without type": (
        {"a": {}},
        "s.properties[a].type: Required value: must not be empty for specified object fields",
    ),
    "items without type": (
        {"a": {"type": "array", "items": {}}},
        "s.properties[a].items.type: Required value: must not be empty for specified array items",
    ),
    "array without items": (
        {"a": {"type": "array"}},
        "s.properties[a].items: Required value: must be specified",
    ),
    "reference": ({"a": {**TEXT, "$ref": "#/x"}}, "s.properties[a].$ref: Forbidden: $ref is not supported"),
    "unique items": (
        {"a": {"type": "array", "items": TEXT, "uniqueItems": True}},
        "uniqueItems cannot be set to true",
    ),
    "type in a junctor": ({"a": {**TEXT, "anyOf": [{"type": "object"}]}}, "must be undefined to be structural"),
    "default that does not fit": ({"a": {**TEXT, "default": 1}}, "s.properties[a].default: Invalid value"),
    "preserve false": (
        {"a": {**TEXT, "x-kubernetes-preserve-unknown-fields": False}},
        "Invalid value: false: must be true or undefined",
    ),
    "map without keys": (
        {"a": {"type": "array", "items": FREE, "x-kubernetes-list-type": "map"}},
        "x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
    ),
    "metadata": (
        {"metadata": {"type": "object", "properties": {"labels": FREE}}},
        "metadata is implicitly specified",
    ),
}


@pytest.mark.parametrize(("properties", "said"), STRUCTURAL.values(), ids=STRUCTURAL.keys())
def test_schemas_must_be_structural(properties: dict[str, Any], said: str) -> None:
    """A schema that does not say of every value what it is, or says what costs too much, is refused."""
    found = [str(error) for error in check_root(of(**properties), Path("s"))]
    assert any(said in error for error in found), found


def test_int_or_string_may_be_written_plainly() -> None:
    """The junctor that generators write beside ``x-kubernetes-int-or-string`` is structural."""
    given = {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert check_root(of(a=given), Path("s")) == []


PATHS: dict[str, Any] = {
    ".spec.size": 3,
    ".spec['a.b']": "dotted",
    r".spec.a\.b": "dotted",
    ".list[1].name": "two",
    ".list[-1].name": "two",
    ".list[*].name": "one",
    '.list[?(@.type=="Ready")].name': "two",
    '.list[?(@.type!="Ready")].name': "one",
    ".list[?(@.type)].name": "one",
    ".nothing.here": None,
}


@pytest.mark.parametrize(("path", "value"), PATHS.items(), ids=PATHS.keys())
def test_paths(path: str, value: Any) -> None:
    """The paths that columns are made of lead to one value, or to none."""
    body = {
        "spec": {"size": 3, "a.b": "dotted"},
        "list": [{"name": "one", "type": "Other"}, {"name": "two", "type": "Ready"}],
    }
    assert JsonPath.parse(path).first(body) == value


@pytest.mark.parametrize("text", [".a[", "a", ".a[?(@.b==c)]", "..a"])
def test_what_is_no_path(text: str) -> None:
    """It is refused with the definition, not found out with every object."""
    with pytest.raises(BadPath):
        JsonPath.parse(text)


def test_a_value_is_set_without_changing_the_object() -> None:
    """What is missing on the way is made, and the rest kept."""
    body = {"spec": {"a": 1}}
    assert with_value(body, ("spec", "to", "b"), 2) == {"spec": {"a": 1, "to": {"b": 2}}}
    assert body == {"spec": {"a": 1}}


def test_versions_are_ordered_by_how_stable_they_are() -> None:
    """``CompareKubeAwareVersionStrings``, with the example of Kubernetes' documentation."""
    wanted = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"]
    assert sorted(sorted(wanted), key=priority) == wanted


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcx"), inner, max_size=4),
    max_leaves=12,
)
SCHEMAS = st.recursive(
    st.sampled_from(
        [
            {},
            FREE,
            {**TEXT, "default": "d"},
            {**NUMBER, "default": 0},
            {**TEXT, "nullable": True, "default": "n"},
        ]
    ),
    lambda inner: (
        st.builds(lambda item: {"type": "array", "items": item}, inner)
        | st.builds(
            lambda members: {"type": "object", "properties": members, "default": {}},
            st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        )
        | st.builds(lambda item: {"type": "object", "additionalProperties": item}, inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("abc"), SCHEMAS, max_size=3), VALUES)
def test_once_is_enough(properties: dict[str, Any], value: Any) -> None:
    """Pruning and defaulting what was pruned and defaulted changes nothing, whatever it is."""
    given_schema, body = of(**properties), value if isinstance(value, dict) else {"a": value}
    once, _ = pruned(given_schema, body, is_object=False)
    once = json.loads(json.dumps(once))
    defaulting.fill(given_schema, once)
    twice, unknown = pruned(given_schema, once, is_object=False)
    twice = json.loads(json.dumps(twice))
    defaulting.fill(given_schema, twice)
    assert unknown == []
    assert json.dumps(twice, sort_keys=True) == json.dumps(once, sort_keys=True)
