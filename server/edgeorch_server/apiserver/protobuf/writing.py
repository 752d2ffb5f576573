"""The wire format of protocol buffers, written: fields by their number, as ``wire`` reads them.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from edgeorch_server.apiserver.protobuf.wire import BYTES, FIXED64, VARINT

_SEVEN_BITS = 0x7F
_MORE = 0x80


def varint(value: int) -> bytes:
    """Write a 64-bit number, a negative one as two's complement."""
    rest, found = value & 0xFFFF_FFFF_FFFF_FFFF, bytearray()
    while rest > _SEVEN_BITS:
        found.append(rest & _SEVEN_BITS | _MORE)
        rest >>= 7
    found.append(rest)
    return bytes(found)


def piece(number: int, data: bytes) -> bytes:
    """Write a field that is a message, or bytes."""
    return varint(number << 3 | BYTES) + varint(len(data)) + data


def text(number: int, value: str) -> bytes:
    """Write a string."""
    return piece(number, value.encode())


def texts(number: int, values: Iterable[str]) -> bytes:
    """Write a repeated string."""
    return b"".join(text(number, value) for value in values)


def whole(number: int, value: int) -> bytes:
    """Write an int64 or a bool."""
    return varint(number << 3 | VARINT) + varint(int(value))


def double(number: int, value: float) -> bytes:
    """Write a double."""
    return varint(number << 3 | FIXED64) + struct.pack("<d", value)
