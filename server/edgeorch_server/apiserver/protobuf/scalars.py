"""Values of fields: what a number or some bytes on the wire are in JSON."""

from __future__ import annotations

import base64
import datetime as dt
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

from edgeorch.api.decode import decode
from edgeorch.api.meta import format_micro_time, format_time
from edgeorch.errors import BadRequest
from edgeorch_server.apiserver.protobuf.wire import BYTES, FIXED64, VARINT, Malformed, Value, fields, signed

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_INT32 = 2**32


def _text(value: Any) -> str:
    return str(value, "utf-8", "replace")


def _raw(value: Any) -> Any:
    """Read what is JSON already (RawExtension, FieldsV1); None for nothing."""
    data = _part(value, 1, BYTES)
    if data is None:
        return None
    try:
        return decode(bytes(data), validation="Ignore").value
    except BadRequest as exc:
        raise Malformed("raw field is not JSON") from exc


def _time(value: Any) -> str | None:
    """Read a Time: whole seconds; none at all stand for null."""
    seconds, _ = _moment(value)
    return format_time(_after_epoch(seconds, 0)) if seconds else None


def _micro_time(value: Any) -> str | None:
    seconds, nanos = _moment(value)
    return format_micro_time(_after_epoch(seconds, nanos)) if seconds or nanos else None


def _moment(value: Any) -> tuple[int, int]:
    return signed(_part(value, 1, VARINT) or 0), signed(_part(value, 2, VARINT) or 0)


def _after_epoch(seconds: int, nanos: int) -> dt.datetime:
    try:
        return _EPOCH + dt.timedelta(seconds=seconds, microseconds=nanos // 1000)
    except OverflowError as exc:
        raise Malformed("Time.MarshalJSON: year outside of range [0,9999]") from exc


def _quantity(value: Any) -> str:
    return _text(_part(value, 1, BYTES) or b"")


def _int_or_string(value: Any) -> int | str:
    kind = _part(value, 1, VARINT) or 0
    if kind == 1:
        return _text(_part(value, 3, BYTES) or b"")
    if kind:
        raise Malformed("impossible IntOrString.Type")
    number = (_part(value, 2, VARINT) or 0) % _INT32
    return number - _INT32 if number >= _INT32 // 2 else number


def _double(value: Any) -> int | float:
    """Read a number as JSON shows it: a whole one has no point."""
    number: float = struct.unpack("<d", value)[0]
    if not math.isfinite(number):
        raise Malformed(f"json: unsupported value: {number}")
    return int(number) if number.is_integer() else number


def _strings(value: Any) -> list[str]:
    """Read what is a list of texts in a map (``ExtraValue``)."""
    return [
        _text(part)
        for number, kind, part in fields(value)
        if number == 1 and kind == BYTES and isinstance(part, memoryview)
    ]


def _part(value: Any, wanted: int, wire_type: int) -> Any:
    """Find a field of a small message; of several the last one counts."""
    found = None
    for number, kind, part in fields(value):
        if number == wanted:
            if kind != wire_type:
                raise Malformed(f"proto: wrong wireType = {kind}")
            found = part
    return found


_VARINTS: Mapping[str, Callable[[Any], Any]] = {"int": signed, "bool": bool}
_FIXED: Mapping[str, Callable[[Any], Any]] = {"double": _double}
_PIECES: Mapping[str, Callable[[Any], Any]] = {
    "string": _text,
    "bytes": lambda value: base64.b64encode(value).decode(),
    "Time": _time,
    "MicroTime": _micro_time,
    "Quantity": _quantity,
    "IntOrString": _int_or_string,
    "Raw": _raw,
    "Strings": _strings,
}

ZEROS: Mapping[str, Any] = {
    "int": 0,
    "double": 0,
    "bool": False,
    "string": "",
    "bytes": "",
    "Time": None,
    "MicroTime": None,
    "Quantity": "0",
    "IntOrString": 0,
    "Raw": None,
    "Strings": [],
}
"""Go's zero values, as JSON shows them."""


def scalar(kind: str, wire_type: int, value: Value, name: str) -> Any:
    """Read a value of a kind that :data:`ZEROS` lists, of the field ``name``; raises Malformed."""
    for readers, wanted in ((_VARINTS, VARINT), (_PIECES, BYTES), (_FIXED, FIXED64)):
        if kind in readers:
            if wire_type != wanted:
                break
            return readers[kind](value)
    raise Malformed(f"proto: wrong wireType = {wire_type} for field {name}")
