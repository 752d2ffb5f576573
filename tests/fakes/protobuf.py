"""Writes protobuf bodies as Go clients do: every field that is no pointer, also where it is zero."""

from __future__ import annotations

import base64
import datetime as dt
import json
import struct
from collections.abc import Mapping
from typing import Any

from edgeorch_server.apiserver.protobuf.body import UNIONS
from edgeorch_server.apiserver.protobuf.messages import Field, Shape, kubernetes_messages
from edgeorch_server.apiserver.protobuf.scalars import ZEROS
from edgeorch_server.apiserver.protobuf.wire import FIXED64
from edgeorch_server.apiserver.protobuf.writing import piece, varint, whole


def envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    names = piece(1, api_version.encode()) + piece(2, kind.encode())
    return b"k8s\0" + piece(1, names) + piece(2, raw) + piece(3, b"") + piece(4, b"")


def encode(obj: Mapping[str, Any]) -> bytes:
    """Encode a whole object, in its envelope."""
    group, _, version = obj["apiVersion"].rpartition("/")
    name = f"{group.partition('.')[0] or 'core'}/{version}.{obj['kind']}"
    return envelope(obj["apiVersion"], obj["kind"], message(name, obj))


def message(name: str, value: Mapping[str, Any]) -> bytes:
    out = b""
    for key, field in kubernetes_messages()[name].items():
        if not field.name:
            out += piece(key, message(field.type, value))
        elif field.name in value or (field.shape is Shape.ONE and not field.pointer):
            out += _field(key, field, value.get(field.name))
    return out


def _field(key: int, field: Field, value: Any) -> bytes:
    match field.shape:
        case Shape.LIST:
            return b"".join(_one(key, field, item) for item in value)
        case Shape.MAP:
            return b"".join(
                piece(key, piece(1, name.encode()) + _one(2, field, item)) for name, item in value.items()
            )
        case _:
            return _one(key, field, value)


def _one(key: int, field: Field, value: Any) -> bytes:
    if field.is_message:
        return piece(key, message(field.type, _union(field.type, value) or {}))
    if value is None:
        value = ZEROS[field.type]
    match field.type:
        case "int" | "bool":
            return whole(key, int(value))
        case "double":
            return varint(key << 3 | FIXED64) + struct.pack("<d", value)
        case "bytes":
            return piece(key, base64.b64decode(value))
        case "Time" | "MicroTime":
            return piece(key, _time(value))
        case "Quantity":
            return piece(key, piece(1, str(value).encode()))
        case "IntOrString" if isinstance(value, str):
            return piece(key, whole(1, 1) + whole(2, 0) + piece(3, value.encode()))
        case "IntOrString":
            return piece(key, whole(1, 0) + whole(2, value) + piece(3, b""))
        case "Raw":
            return piece(key, b"" if value is None else piece(1, json.dumps(value).encode()))
        case "Strings":
            return piece(key, b"".join(piece(1, text.encode()) for text in value))
        case _:
            return piece(key, value.encode())


def _union(name: str, value: Any) -> Any:
    """Give the message that stands for a value, where one does."""
    if name not in UNIONS:
        return value
    if isinstance(value, dict):
        return {"allows": True, "schema": value}
    if isinstance(value, bool):
        return {"allows": value}
    return {"property" if name.endswith("StringArray") else "jSONSchemas": value}


def _time(value: str | None) -> bytes:
    if value is None:
        return b""
    when = dt.datetime.fromisoformat(value)
    return whole(1, int(when.timestamp() // 1)) + whole(2, when.microsecond * 1000)
