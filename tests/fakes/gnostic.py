"""Reads an OpenAPI v2 document in protobuf as Go's clients do, and asks it what kubectl asks.

Messages are those of ``openapiv2/OpenAPIv2.proto`` in github.com/google/gnostic, as far as we write them; a field with
another number is a KeyError.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from edgeorch_server.apiserver.protobuf.wire import BYTES, FIXED64, VARINT, Value, fields

JsonObject = dict[str, Any]
Read = Callable[[Any, Any], Any]
"""Makes a value of what was read of the same field before (None: nothing yet) and the next occurrence of it."""


def decode(data: bytes) -> JsonObject:
    """Read ``openapi.v2.Document``."""
    return _message(_DOCUMENT, data)


def supports(document: JsonObject, gvk: JsonObject, parameter: str) -> bool | None:
    """Find a query parameter of PATCH as ``query_param_verifier.go`` of cli-runtime does; None: no such kind."""
    for item in document["paths"].values():
        operation = item["patch"]
        if operation["x-kubernetes-group-version-kind"] == gvk:
            return any(known["name"] == parameter for known in operation["parameters"])
    return None


def models(document: JsonObject) -> dict[tuple[str, str, str], str]:
    """Find the definition of each kind as kubectl's ``openapi.NewOpenAPIData`` does."""
    return {
        (gvk["group"], gvk["version"], gvk["kind"]): name
        for name, schema in document["definitions"].items()
        for gvk in schema.get("x-kubernetes-group-version-kind", [])
    }


def troubles(document: JsonObject) -> list[str]:
    """Say why ``util/proto/document.go`` of kube-openapi would refuse the document, and kubectl any write."""
    known = document["definitions"]
    return [trouble for name, schema in known.items() for trouble in _troubles(name, schema, known)]


def _troubles(path: str, schema: JsonObject, known: JsonObject) -> Iterator[str]:
    if "$ref" in schema:
        if schema["$ref"].removeprefix("#/definitions/") not in known:
            yield f"{path}: unknown model in reference {schema['$ref']}"
        if "type" in schema or "properties" in schema:
            yield f"{path}: definition reference can't have a type"
        return
    match schema.get("type"):
        case "array" if "items" not in schema:
            yield f"{path}: array should have exactly one sub-item"
        case "array":
            yield from _troubles(f"{path}[]", schema["items"], known)
        case None | "object" if "properties" in schema:
            for name, member in schema["properties"].items():
                yield from _troubles(f"{path}.{name}", member, known)
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            yield from _troubles(f"{path}.*", schema["additionalProperties"], known)
        case None | "object" | "string" | "number" | "integer" | "boolean":
            pass
        case other:
            yield f"{path}: unknown primitive type {other}"


def _message(table: Mapping[int, tuple[str, int, Read]], data: Any) -> JsonObject:
    found: JsonObject = {}
    for number, wire_type, value in fields(memoryview(data)):
        name, expected, read = table[number]
        assert wire_type == expected, f"{name} has wire type {wire_type}"
        if read is _extension:
            found |= _extension(None, value)
        else:
            found[name] = read(found.get(name), value)
    return found


def _text(_: Any, value: Any) -> str:
    return bytes(value).decode()


def _texts(before: list[str] | None, value: Any) -> list[str]:
    return [*(before or []), _text(None, value)]


def _bool(_: Any, value: Any) -> bool:
    return bool(value)


def _int(_: Any, value: Any) -> int:
    return int(value)


def _double(_: Any, value: Any) -> float:
    return float(struct.unpack("<d", value)[0])


def _part(data: Any, *numbers: int) -> Value:
    """Follow messages of one field each."""
    for number in numbers:
        [(found, _, data)] = fields(memoryview(data))
        assert found == number
    return data  # type: ignore[no-any-return]


def _named(data: Any) -> tuple[str, Value]:
    (name, _, text), (value, _, inner) = fields(memoryview(data))
    assert (name, value) == (1, 2)
    return _text(None, text), inner


def _any(value: Any) -> Any:
    return yaml.safe_load(_text(None, _part(value, 2)))


def _anys(before: list[Any] | None, value: Any) -> list[Any]:
    return [*(before or []), _any(value)]


def _extension(_: Any, value: Any) -> JsonObject:
    name, inner = _named(value)
    return {name: _any(inner)}


def _of(table: Mapping[int, tuple[str, int, Read]]) -> Read:
    return lambda _, value: _message(table, value)


def _map_of(entries: int, table: Callable[[], Mapping[int, tuple[str, int, Read]]]) -> Read:
    def read(_: Any, value: Any) -> JsonObject:
        found = [(number, _named(entry)) for number, _, entry in fields(memoryview(value))]
        assert {number for number, _ in found} <= {entries}
        return {name: _message(table(), inner) for _, (name, inner) in found}

    return read


def _parameters(before: list[JsonObject] | None, value: Any) -> list[JsonObject]:
    return [*(before or []), _message(_QUERY, _part(value, 1, 2, 3))]


def _type(_: Any, value: Any) -> str:
    return _text(None, _part(value, 1))


def _items(_: Any, value: Any) -> JsonObject:
    return _message(_SCHEMA, _part(value, 1))


def _additional(_: Any, value: Any) -> JsonObject | bool:
    [(number, _, inner)] = fields(memoryview(value))
    return bool(inner) if number == 2 else _message({1: ("schema", BYTES, _of(_SCHEMA))}, value)["schema"]


_QUERY: Mapping[int, tuple[str, int, Read]] = {
    2: ("in", BYTES, _text),
    3: ("description", BYTES, _text),
    4: ("name", BYTES, _text),
    6: ("type", BYTES, _text),
    20: ("uniqueItems", VARINT, _bool),
}
_OPERATION: Mapping[int, tuple[str, int, Read]] = {
    3: ("description", BYTES, _text),
    5: ("operationId", BYTES, _text),
    7: ("consumes", BYTES, _texts),
    8: ("parameters", BYTES, _parameters),
    13: ("", BYTES, _extension),
}
_PATH: Mapping[int, tuple[str, int, Read]] = {8: ("patch", BYTES, _of(_OPERATION))}
_EXTERNAL: Mapping[int, tuple[str, int, Read]] = {1: ("description", BYTES, _text), 2: ("url", BYTES, _text)}
_SCHEMA: Mapping[int, tuple[str, int, Read]] = {
    1: ("$ref", BYTES, _text),
    2: ("format", BYTES, _text),
    3: ("title", BYTES, _text),
    4: ("description", BYTES, _text),
    6: ("multipleOf", FIXED64, _double),
    7: ("maximum", FIXED64, _double),
    8: ("exclusiveMaximum", VARINT, _bool),
    9: ("minimum", FIXED64, _double),
    10: ("exclusiveMinimum", VARINT, _bool),
    11: ("maxLength", VARINT, _int),
    12: ("minLength", VARINT, _int),
    13: ("pattern", BYTES, _text),
    14: ("maxItems", VARINT, _int),
    15: ("minItems", VARINT, _int),
    16: ("uniqueItems", VARINT, _bool),
    17: ("maxProperties", VARINT, _int),
    18: ("minProperties", VARINT, _int),
    19: ("required", BYTES, _texts),
    20: ("enum", BYTES, _anys),
    21: ("additionalProperties", BYTES, _additional),
    22: ("type", BYTES, _type),
    23: ("items", BYTES, _items),
    25: ("properties", BYTES, _map_of(1, lambda: _SCHEMA)),
    29: ("externalDocs", BYTES, _of(_EXTERNAL)),
    31: ("", BYTES, _extension),
}
_DOCUMENT: Mapping[int, tuple[str, int, Read]] = {
    1: ("swagger", BYTES, _text),
    2: ("info", BYTES, _of({1: ("title", BYTES, _text), 2: ("version", BYTES, _text)})),
    8: ("paths", BYTES, _map_of(2, lambda: _PATH)),
    9: ("definitions", BYTES, _map_of(1, lambda: _SCHEMA)),
}
