"""Decodes a whole body: the envelope (``runtime.Unknown``) that names the kind, and the object in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edgeorch.api.decode import Decoded, summary
from edgeorch.errors import BadRequest
from edgeorch_server.apiserver.protobuf.messages import Field, Message, Messages, Shape, kubernetes_messages
from edgeorch_server.apiserver.protobuf.scalars import ZEROS, scalar
from edgeorch_server.apiserver.protobuf.wire import BYTES, VARINT, Malformed, Value, fields, varint

MAGIC = b"k8s\0"
MAX_DEPTH = 100
"""Levels of messages in messages; Kubernetes' own kinds need about 15."""

_KEY, _VALUE = 1, 2
"""Fields of an entry of a map."""
_SHARED = {"DeleteOptions": "meta/v1.DeleteOptions"}
"""Kinds that go by any group's name."""


def _or_bool(found: dict[str, Any]) -> Any:
    return found.get("schema", found.get("allows", False))


def _or_array(found: dict[str, Any]) -> Any:
    return found.get("jSONSchemas") or found.get("schema")


def _or_texts(found: dict[str, Any]) -> Any:
    return found.get("property") or found.get("schema")


UNIONS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "apiextensions/v1.JSONSchemaPropsOrArray": _or_array,
    "apiextensions/v1.JSONSchemaPropsOrBool": _or_bool,
    "apiextensions/v1.JSONSchemaPropsOrStringArray": _or_texts,
}
"""Messages that stand for one of their fields: how JSON shows them (``apiextensions/v1/marshal.go``)."""


def decode_protobuf(data: bytes, *, kind: str) -> Decoded:
    """Read a body that should be an object of ``kind``; raises BadRequest.

    Unknown fields are left out, as everywhere with protocol buffers: there is nothing to validate them by.
    """
    try:
        api_version, sent, raw = _envelope(data)
    except Malformed as exc:
        wanted = kind or "unknown"
        raise BadRequest(
            f"the object provided is unrecognized (must be of type {wanted}): {exc} ({summary(data)})"
        ) from exc
    try:
        value = _object(kubernetes_messages(), api_version, sent, raw)
    except Malformed as exc:
        version = api_version.rpartition("/")[2]
        raise BadRequest(f'{sent} in version "{version}" cannot be handled as a {kind or sent}: {exc}') from exc
    return Decoded({"apiVersion": api_version, "kind": sent, **value})


def _envelope(data: bytes) -> tuple[str, str, memoryview]:
    """Give apiVersion, kind and the bytes of the object."""
    if not data:
        raise Malformed("empty data")
    if not data.startswith(MAGIC):
        raise Malformed(
            "provided data does not appear to be a protobuf message, "
            f"expected prefix [{' '.join(str(byte) for byte in MAGIC)}]"
        )
    parts = _pieces(memoryview(data)[len(MAGIC) :])
    if not parts:
        raise Malformed("empty body")
    names = _pieces(parts.get(1, memoryview(b"")))
    api_version, kind = (str(names.get(number, b""), "utf-8", "replace") for number in (1, 2))
    if not kind:
        raise Malformed("Object 'Kind' is missing")
    return api_version, kind, parts.get(2, memoryview(b""))


def _pieces(data: memoryview) -> dict[int, memoryview]:
    return {
        number: value for number, kind, value in fields(data) if kind == BYTES and isinstance(value, memoryview)
    }


def _object(messages: Messages, api_version: str, kind: str, raw: memoryview) -> dict[str, Any]:
    group, _, version = api_version.rpartition("/")
    name = _SHARED.get(kind) or f"{group.partition('.')[0] or 'core'}/{version}.{kind}"
    if name not in messages:
        raise Malformed(f'no kind "{kind}" is registered for version "{api_version}"')
    return _Decoder(messages).message(messages[name], raw, {}, 0)


class _Decoder:
    """Decodes messages in messages."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def message(self, message: Message, data: memoryview, into: dict[str, Any], depth: int) -> dict[str, Any]:
        """Add the fields of a message to ``into``: a message that comes in several pieces is put together."""
        if depth > MAX_DEPTH:
            raise Malformed("exceeded max depth")
        for number, wire_type, value in fields(data):
            field = message.get(number)
            if field is not None:
                self._field(field, wire_type, value, into, depth)
        return into

    def _field(self, field: Field, wire_type: int, value: Value, into: dict[str, Any], depth: int) -> None:
        match field.shape:
            case Shape.LIST:
                into.setdefault(field.name, []).extend(self._items(field, wire_type, value, depth))
            case Shape.MAP:
                key, item = self._entry(field, _piece(field, wire_type, value), depth)
                into.setdefault(field.name, {})[key] = item
            case _ if field.is_message:
                self._nested(field, _piece(field, wire_type, value), into, depth)
            case _:
                found = scalar(field.type, wire_type, value, field.name)
                if field.pointer or found != ZEROS[field.type]:
                    into[field.name] = found
                else:
                    into.pop(field.name, None)

    def _nested(self, field: Field, data: memoryview, into: dict[str, Any], depth: int) -> None:
        message = self._messages[field.type]
        if not field.name:
            self.message(message, data, into, depth + 1)
            return
        if shown := UNIONS.get(field.type):
            into[field.name] = shown(self.message(message, data, {}, depth + 1))
            return
        found = self.message(message, data, into.get(field.name, {}), depth + 1)
        if found or field.pointer:
            into[field.name] = found

    def _items(self, field: Field, wire_type: int, value: Value, depth: int) -> list[Any]:
        if field.is_message:
            piece = _piece(field, wire_type, value)
            return [self.message(self._messages[field.type], piece, {}, depth + 1)]
        if field.type in {"int", "bool"} and isinstance(value, memoryview):
            return _packed(field, value)
        return [scalar(field.type, wire_type, value, field.name)]

    def _entry(self, field: Field, data: memoryview, depth: int) -> tuple[str, Any]:
        """Read one entry of a map: a message of key and value."""
        key, item = "", {} if field.is_message else ZEROS[field.type]
        for number, wire_type, value in fields(data):
            if number == _KEY:
                key = scalar("string", wire_type, value, "key")
            elif number == _VALUE and field.is_message:
                item = self.message(self._messages[field.type], _piece(field, wire_type, value), {}, depth + 1)
            elif number == _VALUE:
                item = scalar(field.type, wire_type, value, field.name)
        shown = UNIONS.get(field.type)
        return key, shown(item) if shown else item


def _piece(field: Field, wire_type: int, value: Value) -> memoryview:
    if wire_type != BYTES or not isinstance(value, memoryview):
        raise Malformed(f"proto: wrong wireType = {wire_type} for field {field.name}")
    return value


def _packed(field: Field, data: memoryview) -> list[Any]:
    """Read numbers that stand one after the other without tags."""
    found, at = [], 0
    while at < len(data):
        number, at = varint(data, at)
        found.append(scalar(field.type, VARINT, number, field.name))
    return found
