"""OpenAPI v2, made of v3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.table import served_table
from edgeorch_server.apiserver import gnostic, openapi_v2
from edgeorch_server.apiserver.openapi import documents
from tests.fakes.gnostic import decode, models, supports, troubles

TABLE = served_table()
DOCUMENTS = documents(TABLE)
MERGED = openapi_v2.document(DOCUMENTS.values())
BRIEF = openapi_v2.brief(DOCUMENTS.values())
READ = decode(gnostic.encode(BRIEF))
NULL = {"type": "string", "nullable": True}
CUSTOM: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "may be null": (
        {"type": "object", "nullable": True, "description": "It.", "properties": {"a": {"type": "string"}}},
        {"description": "It."},
    ),
    "null is not missing": (
        {"type": "object", "required": ["a", "b"], "properties": {"a": NULL, "b": {"type": "string"}}},
        {"type": "object", "required": ["b"], "properties": {"a": {}, "b": {"type": "string"}}},
    ),
    "nothing is required": (
        {"type": "object", "required": ["a"], "properties": {"a": NULL}},
        {"type": "object", "properties": {"a": {}}},
    ),
    "has other members": (
        {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
            "properties": {"a": {"type": "string"}},
        },
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    ),
    "is an object of its own": (
        {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {"type": "object"}}},
        {"type": "object", "x-kubernetes-embedded-resource": True},
    ),
    "a list of anything": (
        {"type": "array", "x-kubernetes-preserve-unknown-fields": True, "items": {"type": "string"}},
        {"x-kubernetes-preserve-unknown-fields": True},
    ),
    "a number or a text": (
        {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        {"x-kubernetes-int-or-string": True},
    ),
    "junctors": (
        {
            "type": "object",
            "properties": {"a": {"type": "integer", "default": 1, "not": {"enum": [2]}}},
            "allOf": [{"required": ["a"]}],
            "oneOf": [{"required": ["a"]}, {"properties": {"a": {"minimum": 3}}}],
        },
        {"type": "object", "properties": {"a": {"type": "integer"}}},
    ),
    "named like a word of schemas": (
        {"type": "object", "properties": {"default": {"type": "string"}, "nullable": {"type": "boolean"}}},
        {"type": "object", "properties": {"default": {"type": "string"}, "nullable": {"type": "boolean"}}},
    ),
}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def test_holds_all_documents() -> None:
    """Every path and every schema of every version is in it."""
    assert set(MERGED["paths"]) == {path for each in DOCUMENTS.values() for path in each["paths"]}
    assert set(MERGED["definitions"]) == {
        name for each in DOCUMENTS.values() for name in each["components"]["schemas"]
    }


def test_references_lead_somewhere() -> None:
    """They point into definitions and parameters, where v2 has them."""
    for target in set(_references(MERGED)):
        _, place, name = target.split("/")
        assert name in MERGED[place]


def test_says_nothing_that_only_v3_knows() -> None:
    """No media types within operations, no oneOf, and references stand alone."""
    # the schema of schemas has fields of those names
    definitions = {n: d for n, d in MERGED["definitions"].items() if not n.endswith(".JSONSchemaProps")}
    text = repr({**MERGED, "definitions": definitions})
    for word in ("requestBody", "'content'", "'oneOf'", "'allOf'", "'components'"):
        assert word not in text


def test_bodies_are_parameters() -> None:
    """A body is a parameter with a schema, and its media types stand beside it."""
    post = MERGED["paths"]["/api/v1/namespaces/{namespace}/pods"]["post"]
    body = next(parameter for parameter in post["parameters"] if parameter.get("in") == "body")
    assert body["schema"] == {"$ref": "#/definitions/io.k8s.api.core.v1.Pod"}
    assert body["required"]
    assert "application/json" in post["consumes"]
    assert post["produces"] == ["application/json"]
    assert post["responses"]["201"]["schema"] == {"$ref": "#/definitions/io.k8s.api.core.v1.Pod"}


def test_a_schema_keeps_all_its_kinds() -> None:
    """A shared schema is the same, whichever document it came from last."""
    scale = MERGED["definitions"]["io.k8s.api.autoscaling.v1.Scale"]
    assert scale["x-kubernetes-group-version-kind"] == [
        {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    ]


def _marked(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw schemas with these members, and with what any schema may have."""
    texts = st.text("ab \n\"'{}:#-", max_size=9)
    marks = {
        "description": texts,
        "nullable": st.booleans(),
        "x-kubernetes-preserve-unknown-fields": st.booleans(),
        "enum": st.lists(texts | st.integers(-(2**63), 2**63 - 1) | st.none(), min_size=1, max_size=3),
        "default": texts,
        "anyOf": st.just([{"minLength": 1}]),
        "oneOf": st.just([{"minLength": 1}]),
        "allOf": st.just([{"minLength": 1}]),
    }
    return st.fixed_dictionaries(members, optional=marks)


_SCALARS = _marked(type=st.sampled_from(["string", "integer", "number", "boolean", "object"])) | _marked(
    **{"x-kubernetes-int-or-string": st.booleans(), "maximum": st.floats(allow_nan=False)}
)
_NAMES = st.sampled_from(["a", "items", "type", "x-b", "$ref", "nullable"])
_SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    _SCALARS,
    lambda inner: (
        _marked(type=st.just("array"), items=inner, minItems=st.integers(0, 2**63 - 1))
        | _marked(type=st.just("object"), additionalProperties=inner | st.booleans())
        | _marked(
            type=st.just("object"),
            properties=st.dictionaries(_NAMES, inner, min_size=1),
            required=st.lists(_NAMES, unique=True),
        )
    ),
    max_leaves=5,
)


@given(_SCHEMAS)
def test_no_custom_schema_keeps_kubectl_from_the_rest(schema: dict[str, Any]) -> None:
    """Whatever is nested in what: kubectl reads the document, and all of it."""
    v3 = {"info": {}, "paths": {}, "components": {"schemas": {"Custom": schema}}}
    found = openapi_v2.brief([v3])["definitions"]
    assert troubles({"definitions": found}) == []
    assert decode(gnostic.encode({"definitions": found})) == {"definitions": found}


@pytest.mark.parametrize(("schema", "expected"), CUSTOM.values(), ids=CUSTOM)
def test_custom_schemas_refuse_nothing_that_is_right(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    """What kubectl would read as more than it says is left out (``ToStructuralOpenAPIV2``)."""
    v3 = {"info": {}, "paths": {}, "components": {"schemas": {"Custom": schema}}}
    found = openapi_v2.document([v3])["definitions"]["Custom"]
    assert found == expected
    assert troubles({"definitions": {"Custom": found}}) == []


def test_protobuf_has_all_definitions() -> None:
    """They are those of the whole document, and each member is there when they are read again."""
    assert BRIEF["definitions"] == MERGED["definitions"]
    assert READ == BRIEF


def test_protobuf_is_readable_for_kubectl() -> None:
    """One definition that it cannot read, and kubectl up to 1.28 writes nothing at all."""
    assert troubles(READ) == []


def test_every_kind_is_found_in_protobuf() -> None:
    """By group, version and kind: its definition, and that its changes can be tried and are checked."""
    found = models(READ)
    for info in TABLE:
        gvk = {"group": info.group, "version": info.version, "kind": info.kind}
        assert (info.group, info.version, info.kind) in found
        for parameter in ("dryRun", "fieldValidation"):
            assert supports(READ, gvk, parameter) is (True if "patch" in info.verbs else None), info


def test_protobuf_says_how_lists_are_merged() -> None:
    """By which key, if any: kubectl up to 1.28 makes patches by it."""
    ports = READ["definitions"]["io.k8s.api.core.v1.ServiceSpec"]["properties"]["ports"]
    assert ports["x-kubernetes-patch-strategy"] == "merge"
    assert ports["x-kubernetes-patch-merge-key"] == "port"
    budget = READ["definitions"]["io.k8s.api.policy.v1.PodDisruptionBudgetSpec"]["properties"]
    assert budget["selector"]["x-kubernetes-patch-strategy"] == "replace"
