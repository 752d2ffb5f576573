from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeorch.tinystore import frames

texts = st.lists(st.text(min_size=1, max_size=60).filter(lambda t: "\0" not in t), max_size=5)

RUN = b"".join(frames.encode(p) for p in (b'"pods"\t"1"\t{"a": "first"}\n', b'"pods"\t"2"\t{}\n', b"x" * 700))
STARTS = [frame.offset for frame in frames.scan(RUN)]


def payloads(data: bytes) -> list[bytes]:
    return [frame.payload for frame in frames.scan(data)]


def judge(data: bytes) -> tuple[int, frames.Tail]:
    good = list(frames.scan(data))
    return len(good), frames.tail(data, good[-1].end if good else 0)


@given(texts)
@settings(max_examples=50)
def test_frames_come_back_as_they_were(written: list[str]) -> None:
    """What was framed is read back, up to the padding, and the room behind it is a clean end."""
    data = b"".join(frames.encode(text.encode()) for text in written) + bytes(100)
    assert [p.rstrip(b"\n") for p in payloads(data)] == [t.encode().rstrip(b"\n") for t in written]
    assert judge(data)[1].clean


@given(texts)
@settings(max_examples=50)
def test_headers_never_straddle_sectors(written: list[str]) -> None:
    """Frames start at multiples of 16, so that a header is written by one sector or not at all."""
    data = b"".join(frames.encode(text.encode()) for text in written)
    assert all(frame.offset % 16 == 0 for frame in frames.scan(data))


@pytest.mark.parametrize("room", [0, 1, 16, 5000])
@pytest.mark.parametrize("zeros", [True, False], ids=["zeros", "end of file"])
def test_a_frame_cut_off_anywhere_is_torn(room: int, zeros: bool) -> None:
    """Whatever part of the last frame is missing, the ones before it are good and it counts as torn."""
    for cut in range(len(RUN)):
        data = RUN[:cut] + (bytes(len(RUN) - cut + room) if zeros else b"")
        count, tail = judge(data)
        assert count == sum(start <= cut for start in STARTS[1:])
        assert tail.clean or tail.torn
        assert tail.clean == (cut in STARTS)


def test_a_missing_sector_within_the_last_frame_is_torn() -> None:
    """Sectors reach the disk in any order: a hole in the last frame is a torn commit."""
    hole = STARTS[2] + 200
    data = RUN[:hole] + bytes(256) + RUN[hole + 256 :]
    assert judge(data) == (2, frames.Tail(STARTS[2], clean=False, torn=True))


def test_a_last_frame_whose_header_was_not_written_is_torn() -> None:
    """The header's sector may be the one that is missing."""
    data = RUN[: STARTS[2]] + bytes(512) + RUN[STARTS[2] + 512 :]
    assert judge(data) == (2, frames.Tail(STARTS[2], clean=False, torn=True))


@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_is_damage_wherever_it_is(bit: int) -> None:
    """No flipped bit of anything acknowledged is taken for a torn commit or for data."""
    for at in range(len(RUN)):
        data = bytearray(RUN + bytes(64))
        data[at] ^= 1 << bit
        count, tail = judge(bytes(data))
        assert count == sum(start <= at for start in STARTS) - 1
        assert not tail.clean
        assert not tail.torn


def test_a_hole_before_a_good_frame_is_damage() -> None:
    """A frame is only written after the one before it was synced, so this was no power cut."""
    data = RUN[: STARTS[1]] + bytes(STARTS[2] - STARTS[1]) + RUN[STARTS[2] :]
    assert judge(data) == (1, frames.Tail(STARTS[1], clean=False, torn=False))


def test_find_skips_what_is_bad() -> None:
    """Repair sees every good frame behind a damaged place."""
    data = RUN[: STARTS[1] + 5] + b"?" + RUN[STARTS[1] + 6 :]
    assert [frame.offset for frame in frames.find(data, 0)] == [STARTS[0], STARTS[2]]
