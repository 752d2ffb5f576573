"""An OpenAPI v2 document in protobuf: the message ``openapi.v2.Document``, which Go's clients read.

Numbers of fields are those of ``openapiv2/OpenAPIv2.proto`` in github.com/google/gnostic. What a table does not
name is not written; of operations that is all but what ``openapi_v2.brief`` leaves.

Maps are repeated messages of a name (1) and a value (2). What is free in JSON is text in YAML, of which JSON is
a part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from edgeorch_server.apiserver.protobuf.writing import double, piece, text, texts, whole

JsonObject = dict[str, Any]
Field = tuple[int, Callable[[int, Any], bytes]]
"""A field's number, and what writes it there."""

_EXTENSION = "x-"
"""Under this name a message's table has the field of all members that begin with it."""


def encode(document: JsonObject) -> bytes:
    """Write a document."""
    return _message(_DOCUMENT, document)


def _message(table: Mapping[str, Field], value: JsonObject) -> bytes:
    written = []
    for name, inner in value.items():
        if name in table:
            number, write = table[name]
            written.append(write(number, inner))
        elif name.startswith(_EXTENSION) and _EXTENSION in table:
            number, write = table[_EXTENSION]
            written.append(write(number, (name, inner)))
    return b"".join(written)


def _named(name: str, value: bytes) -> bytes:
    return text(1, name) + piece(2, value)


def _any(value: Any) -> bytes:
    return text(2, orjson.dumps(value).decode())


def _anys(number: int, values: Iterable[Any]) -> bytes:
    return b"".join(piece(number, _any(value)) for value in values)


def _extension(number: int, item: tuple[str, Any]) -> bytes:
    name, value = item
    return piece(number, _named(name, _any(value)))


def _info(number: int, info: JsonObject) -> bytes:
    return piece(number, _message(_INFO, info))


def _paths(number: int, paths: Mapping[str, JsonObject]) -> bytes:
    return piece(
        number, b"".join(piece(2, _named(path, _message(_PATH, item))) for path, item in paths.items())
    )


def _operation(number: int, operation: JsonObject) -> bytes:
    return piece(number, _message(_OPERATION, operation))


def _parameters(number: int, parameters: Iterable[JsonObject]) -> bytes:
    return b"".join(piece(number, _query_parameter(parameter)) for parameter in parameters)


def _query_parameter(parameter: JsonObject) -> bytes:
    """Write a ParametersItem: a choice of a choice of a choice."""
    query = piece(3, _message(_QUERY, parameter))  # NonBodyParameter.query_parameter_sub_schema
    return piece(1, piece(2, query))  # ParametersItem.parameter, Parameter.non_body_parameter


def _schemas(number: int, schemas: Mapping[str, JsonObject]) -> bytes:
    """Write Definitions or Properties, which look the same."""
    return piece(number, b"".join(piece(1, _named(name, _schema(schema))) for name, schema in schemas.items()))


def _schema(schema: JsonObject) -> bytes:
    return _message(_SCHEMA, schema)


def _type(number: int, name: str) -> bytes:
    return piece(number, text(1, name))


def _items(number: int, schema: JsonObject) -> bytes:
    return piece(number, piece(1, _schema(schema)))


def _additional_properties(number: int, allowed: Any) -> bytes:
    return piece(number, whole(2, allowed) if isinstance(allowed, bool) else piece(1, _schema(allowed)))


def _external_docs(number: int, docs: JsonObject) -> bytes:
    return piece(number, _message(_EXTERNAL_DOCS, docs))


_INFO: Mapping[str, Field] = {"title": (1, text), "version": (2, text)}
_QUERY: Mapping[str, Field] = {
    "in": (2, text),
    "description": (3, text),
    "name": (4, text),
    "type": (6, text),
    "uniqueItems": (20, whole),
}
_OPERATION: Mapping[str, Field] = {
    "description": (3, text),
    "operationId": (5, text),
    "consumes": (7, texts),
    "parameters": (8, _parameters),
    _EXTENSION: (13, _extension),
}
_PATH: Mapping[str, Field] = {"patch": (8, _operation)}
_EXTERNAL_DOCS: Mapping[str, Field] = {"description": (1, text), "url": (2, text)}
_SCHEMA: Mapping[str, Field] = {
    "$ref": (1, text),
    "format": (2, text),
    "title": (3, text),
    "description": (4, text),
    "multipleOf": (6, double),
    "maximum": (7, double),
    "exclusiveMaximum": (8, whole),
    "minimum": (9, double),
    "exclusiveMinimum": (10, whole),
    "maxLength": (11, whole),
    "minLength": (12, whole),
    "pattern": (13, text),
    "maxItems": (14, whole),
    "minItems": (15, whole),
    "uniqueItems": (16, whole),
    "maxProperties": (17, whole),
    "minProperties": (18, whole),
    "required": (19, texts),
    "enum": (20, _anys),
    "additionalProperties": (21, _additional_properties),
    "type": (22, _type),
    "items": (23, _items),
    "properties": (25, _schemas),
    "externalDocs": (29, _external_docs),
    _EXTENSION: (31, _extension),
}
_DOCUMENT: Mapping[str, Field] = {
    "swagger": (1, text),
    "info": (2, _info),
    "paths": (8, _paths),
    "definitions": (9, _schemas),
}
