"""OpenAPI v2 in protobuf."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch_server.apiserver import gnostic
from tests.fakes.gnostic import decode

SCHEMAS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "reference": {"$ref": "#/definitions/Other", "description": "Beside it."},
    "text": {"type": "string", "format": "date", "pattern": "^a+$", "minLength": 1, "maxLength": 300},
    "unicode": {"title": "µ", "description": "größer als “nichts”\n\n- a: b"},
    "choice": {"enum": ["a", 1, True, None, {"b": [2.5]}]},
    "number": {"type": "number", "minimum": -1.5, "maximum": 1e300, "multipleOf": 0.5},
    "bounds": {"exclusiveMinimum": True, "exclusiveMaximum": False},
    "list": {
        "type": "array",
        "items": {"type": "integer"},
        "minItems": 0,
        "maxItems": 2**62,
        "uniqueItems": True,
    },
    "map": {"type": "object", "additionalProperties": {"type": "array", "items": {}}, "minProperties": 1},
    "free map": {"type": "object", "additionalProperties": True, "maxProperties": 128},
    "closed": {"type": "object", "additionalProperties": False},
    "object": {"type": "object", "required": ["a", "b"], "properties": {"a": {}, "x-b": {"type": "boolean"}}},
    "elsewhere": {"externalDocs": {"description": "More.", "url": "https://example.com"}},
    "extensions": {"x-kubernetes-list-map-keys": ["a"], "x-empty": "", "x-deep": {"y": [{"n": None}]}},
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_schema_is_read_as_it_was_written(schema: dict[str, Any]) -> None:
    """Every member that a schema of ours may have has its field, and nothing is lost on the way."""
    written = {"definitions": {"First": schema, "Second": {"properties": {"inner": schema}}}}
    assert decode(gnostic.encode(written)) == written


def test_an_operation_is_read_as_it_was_written() -> None:
    """PATCH has its parameters by value: old clients follow no reference."""
    query = {"name": "dryRun", "in": "query", "type": "string", "uniqueItems": True, "description": "What if."}
    operation = {
        "description": "partially update",
        "operationId": "patchIt",
        "consumes": ["application/json-patch+json", "application/merge-patch+json"],
        "parameters": [query, {**query, "name": "force"}],
        "x-kubernetes-group-version-kind": {"group": "", "version": "v1", "kind": "It"},
    }
    written = {"paths": {"/api/v1/its/{name}": {"patch": operation}, "/none": {}}}
    assert decode(gnostic.encode(written)) == written


def test_what_there_is_no_field_for_is_left_out() -> None:
    """Nobody's schema makes the document unreadable for all."""
    odd = {"type": "string", "$schema": "http://json-schema.org", "patternProperties": {"a": {}}}
    read = decode(gnostic.encode({"definitions": {"Odd": odd}}))
    assert read == {"definitions": {"Odd": {"type": "string"}}}


def test_the_least_document_is_the_known_one() -> None:
    """These bytes are what Go writes of it."""
    written = {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "v1.33.0"},
        "paths": {},
        "definitions": {},
    }
    assert gnostic.encode(written) == b"\n\x032.0\x12\x15\n\nKubernetes\x12\x07v1.33.0B\x00J\x00"
