"""The wire format of protocol buffers: tags, varints, and pieces of a certain length.

Error texts are those of the code that gogo-proto generates, which Kubernetes passes on to the client.
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, START_GROUP, END_GROUP, FIXED32 = range(6)

_MAX_VARINT = 10
"""Bytes: seven bits each of a 64-bit number."""
_MORE = 0x80
"""Set in every byte of a varint but the last."""
_FIXED = {FIXED64: 8, FIXED32: 4}

Value = int | memoryview
"""A varint, unsigned as it stands on the wire, or the bytes of anything else."""


class Malformed(ValueError):
    """The bytes are no message."""


def fields(data: memoryview) -> Iterator[tuple[int, int, Value]]:
    """Give number, wire type and value of each field, in the order of the wire; raises :class:`Malformed`.

    Groups, which are long out of use, are checked and left out.
    """
    at, depth = 0, 0
    while at < len(data):
        tag, at = varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number < 2**29:
            raise Malformed(f"proto: illegal tag {number} (wire type {tag})")
        value: Value
        match wire_type:
            case 0:  # VARINT
                value, at = varint(data, at)
            case 2:  # BYTES
                size, at = varint(data, at)
                if size >= 2**63:
                    raise Malformed("proto: negative length found during unmarshaling")
                value, at = _piece(data, at, size)
            case 1 | 5:  # FIXED64, FIXED32
                value, at = _piece(data, at, _FIXED[wire_type])
            case 3:  # START_GROUP
                depth += 1
                continue
            case 4:  # END_GROUP
                if depth == 0:
                    raise Malformed("proto: unexpected end of group")
                depth -= 1
                continue
            case _:
                raise Malformed(f"proto: illegal wireType {wire_type}")
        if depth == 0:
            yield number, wire_type, value
    if depth:
        raise Malformed("unexpected EOF")


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """Read an unsigned 64-bit number at a place; gives it and where it ends."""
    result = 0
    for count in range(_MAX_VARINT):
        if at + count >= len(data):
            raise Malformed("unexpected EOF")
        byte = data[at + count]
        result |= (byte & 0x7F) << 7 * count
        if byte < _MORE:
            return result & 0xFFFF_FFFF_FFFF_FFFF, at + count + 1
    raise Malformed("proto: integer overflow")


def signed(value: int) -> int:
    """Read a varint as Go's int64 does: two's complement."""
    return value - 2**64 if value >= 2**63 else value


def _piece(data: memoryview, at: int, size: int) -> tuple[memoryview, int]:
    end = at + size
    if end > len(data):
        raise Malformed("unexpected EOF")
    return data[at:end], end
