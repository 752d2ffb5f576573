"""The journal's framing, as pure functions on bytes.

A journal file is a run of frames, each one commit, followed by zeros (room that is allocated ahead):

    magic, payload length, CRC-32 of the payload, CRC-32 of these twelve bytes; payload

Numbers are little-endian. The payload is text, without NUL bytes and padded with newlines so that frames
start at multiples of 16: a header never straddles two disk sectors.

A frame is written only after the one before it was synced. Therefore a bad frame that is followed by a good
one is damage. A bad last frame is *torn*, if bytes of it have never been written (they still are zeros, or lie
beyond the end of the file): it was never acknowledged and can be dropped. If all of it was written and it
is bad nevertheless, it may have been acknowledged, and dropping it could lose data: that is damage, too.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

Data = bytes | mmap

MAGIC = b"eoj1"
ALIGNMENT = 16
OVERHEAD = 2 * ALIGNMENT
"""Upper bound of what a frame adds to its payload, in bytes."""

_HEADER = struct.Struct("<4sIII")
_CHECKED = 12  # bytes of the header that its own CRC covers
_STEP = 1 << 16


@dataclass(frozen=True, slots=True)
class Frame:
    """A good frame."""

    offset: int
    end: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Tail:
    """What stands behind the last good frame of a run."""

    offset: int
    clean: bool
    """Nothing but zeros."""
    torn: bool
    """A frame that was not completely written."""


def encode(payload: bytes) -> bytes:
    """Frame a payload."""
    assert payload, "an empty frame would look like the end of the journal"
    payload += b"\n" * (-len(payload) % ALIGNMENT)
    checked = _HEADER.pack(MAGIC, len(payload), zlib.crc32(payload), 0)[:_CHECKED]
    return checked + struct.pack("<I", zlib.crc32(checked)) + payload


def scan(data: Data, offset: int = 0) -> Iterator[Frame]:
    """Give the unbroken run of good frames that starts at ``offset``."""
    while (frame := _read(data, offset)) is not None:
        yield frame
        offset = frame.end


def tail(data: Data, offset: int) -> Tail:
    """Judge what follows the run of good frames that ended at ``offset``."""
    if _blank(data, offset):
        return Tail(offset, clean=True, torn=False)
    torn = next(find(data, offset), None) is None and _unwritten(data, offset)
    return Tail(offset, clean=False, torn=torn)


def find(data: Data, offset: int) -> Iterator[Frame]:
    """Search for good frames behind a bad place, skipping what is not one."""
    while (at := data.find(MAGIC, offset)) >= 0:
        frame = _read(data, at)
        if frame:
            yield frame
        offset = frame.end if frame else at + 1


def _read(data: Data, offset: int) -> Frame | None:
    length = _payload_length(data, offset)
    if length is None:
        return None
    start, end = offset + _HEADER.size, offset + _HEADER.size + length
    payload = data[start:end]
    crc = _HEADER.unpack(data[offset:start])[2]
    if len(payload) < length or zlib.crc32(payload) != crc:
        return None
    return Frame(offset, end, payload)


def _payload_length(data: Data, offset: int) -> int | None:
    """Give the length a good header names."""
    header = data[offset : offset + _HEADER.size]
    if len(header) < _HEADER.size:
        return None
    magic, length, _, crc = _HEADER.unpack(header)
    if magic != MAGIC or zlib.crc32(header[:_CHECKED]) != crc:
        return None
    return int(length)


def _unwritten(data: Data, offset: int) -> bool:
    """Tell whether bytes of the bad last frame at ``offset`` were never written."""
    start = offset + _HEADER.size
    length = _payload_length(data, offset)
    if length is None:
        header = data[offset:start]
        return not header.strip(b"\0") or _blank(data, start)
    payload = data[start : start + length]
    # Text holds no NUL, but one bit of a blank is all it takes to make one. What was not written is a
    # whole sector, or all from some place on.
    return len(payload) < length or payload.endswith(b"\0") or bytes(ALIGNMENT) in payload


def _blank(data: Data, offset: int) -> bool:
    return all(not data[at : at + _STEP].strip(b"\0") for at in range(offset, len(data), _STEP))
