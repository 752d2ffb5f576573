"""The wire format, written."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from edgeorch_server.apiserver.protobuf.wire import BYTES, FIXED64, VARINT, fields, signed
from edgeorch_server.apiserver.protobuf.writing import double, piece, text, texts, whole

NUMBERS = st.integers(1, 2**29 - 1)


@given(NUMBERS, st.integers(-(2**63), 2**63 - 1))
def test_whole_numbers_are_read_as_written(number: int, value: int) -> None:
    """All that an int64 can be, under any number of a field."""
    [(found, wire_type, read)] = fields(memoryview(whole(number, value)))
    assert isinstance(read, int)
    assert (found, wire_type, signed(read)) == (number, VARINT, value)


@given(NUMBERS, st.lists(st.text()))
def test_texts_are_read_as_written(number: int, values: list[str]) -> None:
    """Of any length, also none, each as a field of its own."""
    read = [(found, wire, bytes(data)) for found, wire, data in fields(memoryview(texts(number, values)))]
    assert read == [(number, BYTES, value.encode()) for value in values]


def test_the_bytes_are_those_of_the_specification() -> None:
    """The examples of https://protobuf.dev/programming-guides/encoding/."""
    assert whole(1, 150) == b"\x08\x96\x01"
    assert text(2, "testing") == b"\x12\x07testing"
    assert piece(3, whole(1, 150)) == b"\x1a\x03\x08\x96\x01"
    assert whole(1, -2) == b"\x08" + b"\xfe" + b"\xff" * 8 + b"\x01"


def test_doubles_are_little_endian() -> None:
    """Eight bytes after their tag."""
    assert double(1, 1.5) == bytes([1 << 3 | FIXED64]) + struct.pack("<d", 1.5)
