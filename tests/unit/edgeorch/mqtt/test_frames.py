"""The stream protocol, without a network."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.errors import ApiError, BadRequest, GatewayTimeout, InternalError, ServiceUnavailable
from edgeorch.mqtt.frames import (
    CREDIT,
    IDLE_SECONDS,
    MAX_CHUNK,
    MAX_STATUS,
    SIGN_OF_LIFE_SECONDS,
    WINDOW,
    Cancelled,
    Chunk,
    Frame,
    Kind,
    StreamCore,
    abort_frame,
)


def pair(window: int = WINDOW) -> tuple[StreamCore, StreamCore]:
    return StreamCore(0.0, window), StreamCore(0.0, window)


def carry(source: StreamCore, target: StreamCore) -> list[Chunk]:
    """Deliver everything that one end has to send."""
    chunks = [target.receive(frame, 0.0) for frame in source.outgoing(0.0)]
    return [chunk for chunk in chunks if chunk is not None]


@given(st.sampled_from(Kind), st.integers(0, 255), st.integers(1, 2**32 - 1), st.binary(max_size=100))
def test_frames_survive_the_wire(kind: Kind, channel: int, number: int, body: bytes) -> None:
    """What is encoded is decoded again."""
    body = {Kind.END: b"", Kind.CREDIT: CREDIT.pack(len(body))}.get(kind, body)
    frame = Frame(kind, channel, number, body)
    assert Frame.decode(frame.encode()) == frame


def test_layout() -> None:
    """The header is kind, channel, two zeros and the number in network byte order, as documented."""
    assert Frame(Kind.DATA, 2, 0x01020304, b"hi").encode() == b"\x01\x02\0\0\x01\x02\x03\x04hi"


BAD_FRAMES = [
    pytest.param(b"", id="empty"),
    pytest.param(b"\x01\x00\x00\x00\x00\x00\x00", id="truncated-header"),
    pytest.param(b"\x09\x00\x00\x00\x00\x00\x00\x01", id="unknown-kind"),
    pytest.param(b"\x01\x00\x00\x00\x00\x00\x00\x00x", id="data-without-number"),
    pytest.param(Frame(Kind.DATA, 0, 1, bytes(MAX_CHUNK + 1)).encode(), id="oversized-data"),
    pytest.param(Frame(Kind.CREDIT, 0, 1, b"1234").encode(), id="short-credit"),
    pytest.param(Frame(Kind.END, 0, 1, b"x").encode(), id="end-with-body"),
    pytest.param(Frame(Kind.ABORT, 0, 1, bytes(MAX_STATUS + 1)).encode(), id="oversized-status"),
]


@pytest.mark.parametrize("payload", BAD_FRAMES)
def test_bad_frames_end_the_stream(payload: bytes) -> None:
    """A frame that cannot be read aborts the stream, and the other end is told."""
    ours, theirs = pair()
    assert ours.receive(payload, 0.0) is None
    assert isinstance(ours.error, BadRequest)
    carry(ours, theirs)
    assert isinstance(theirs.error, BadRequest)


@given(st.binary(max_size=64))
def test_noise_never_raises(payload: bytes) -> None:
    """Whatever bytes arrive, receive returns."""
    StreamCore(0.0).receive(payload, 0.0)


def test_data_arrives_on_its_channel() -> None:
    """Chunks keep their order and their channel."""
    ours, theirs = pair()
    ours.send(b"out", 1)
    ours.send(b"err", 2)
    assert carry(ours, theirs) == [Chunk(1, b"out"), Chunk(2, b"err")]


def test_half_close() -> None:
    """END closes one direction; the other one goes on, and after both the stream is finished."""
    ours, theirs = pair()
    ours.end()
    ours.end()
    carry(ours, theirs)
    assert theirs.remote_ended
    assert not theirs.finished
    theirs.send(b"still here")
    assert carry(theirs, ours) == [Chunk(0, b"still here")]
    theirs.end()
    carry(theirs, ours)
    assert ours.finished
    assert theirs.finished
    assert ours.error is theirs.error is None


def test_nothing_is_sent_after_end() -> None:
    """Sending into a direction that has ended is the caller's mistake."""
    ours, _ = pair()
    ours.end()
    with pytest.raises(ValueError, match="ended"):
        ours.send(b"x")


def test_repeated_frames_are_ignored() -> None:
    """QoS 1 may deliver twice (MQTT5 4.3.2): the second copy changes nothing."""
    ours, theirs = pair()
    ours.send(b"a")
    ours.send(b"b")
    frames = ours.outgoing(0.0)
    got = [theirs.receive(frame, 0.0) for frame in (*frames, frames[0], frames[1])]
    assert got == [Chunk(0, b"a"), Chunk(0, b"b"), None, None]
    assert theirs.error is None


def test_a_lost_frame_ends_the_stream() -> None:
    """A gap in the numbers means lost bytes: better no log than one with a hole."""
    ours, theirs = pair()
    for data in (b"a", b"b", b"c"):
        ours.send(data)
    first, _, third = ours.outgoing(0.0)
    theirs.receive(first, 0.0)
    assert theirs.receive(third, 0.0) is None
    assert isinstance(theirs.error, BadRequest)
    assert "frames 2 to 2 were lost" in str(theirs.error)


def test_credit_limits_the_sender() -> None:
    """No more than the window is on its way until the receiver has consumed some of it."""
    ours, theirs = pair(window=8)
    ours.send(b"12345678")
    assert ours.room == 0
    with pytest.raises(ValueError, match="room for 0"):
        ours.send(b"9")
    (chunk,) = carry(ours, theirs)
    theirs.consumed(3)
    carry(theirs, ours)
    assert ours.room == 0  # less than half the window is free: not worth a message
    theirs.consumed(len(chunk.data) - 3)
    carry(theirs, ours)
    assert ours.room == 8


def test_data_beyond_the_credit() -> None:
    """A sender that ignores flow control cannot fill our memory."""
    ours, theirs = StreamCore(0.0, window=100), StreamCore(0.0, window=8)
    ours.send(b"123456789")
    carry(ours, theirs)
    assert "more data than was allowed" in str(theirs.error)


def test_data_after_end() -> None:
    """A sender that goes on after its END is broken."""
    theirs = StreamCore(0.0)
    theirs.receive(Frame(Kind.END, 0, 1, b"").encode(), 0.0)
    theirs.receive(Frame(Kind.DATA, 0, 2, b"x").encode(), 0.0)
    assert "DATA after the end" in str(theirs.error)


def test_credit_never_shrinks() -> None:
    """A smaller total than before is ignored."""
    ours = StreamCore(0.0, window=8)
    ours.receive(Frame(Kind.CREDIT, 0, 1, CREDIT.pack(3)).encode(), 0.0)
    assert ours.room == 8


@pytest.mark.parametrize("number", [0, 1, 99])
def test_abort_carries_the_error(number: int) -> None:
    """An ABORT ends both directions with the sender's error, in or out of the count."""
    ours = StreamCore(0.0)
    ours.receive(abort_frame(ServiceUnavailable("the node is tired", name="n1"), number).encode(), 0.0)
    assert isinstance(ours.error, ServiceUnavailable)
    assert ours.error.message == "the node is tired"
    assert ours.finished
    assert ours.receive(Frame(Kind.DATA, 0, 1, b"late").encode(), 0.0) is None
    assert ours.outgoing(0.0) == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(b"", Cancelled, id="lost-interest"),
        pytest.param(b"{", InternalError, id="no-json"),
        pytest.param(b"[]", InternalError, id="no-object"),
        pytest.param(b'{"code": "x"}', InternalError, id="code-is-no-number"),
        pytest.param(b'{"details": 5}', InternalError, id="details-is-no-object"),
    ],
)
def test_unreadable_abort(body: bytes, error: type[ApiError]) -> None:
    """An ABORT ends the stream whatever its status looks like."""
    ours = StreamCore(0.0)
    ours.receive(Frame(Kind.ABORT, 0, 1, body).encode(), 0.0)
    assert type(ours.error) is error


def test_a_huge_status_is_cut() -> None:
    """An error message of any length fits into its frame."""
    frame = Frame.decode(abort_frame(InternalError("x" * 1_000_000)).encode())
    assert json.loads(frame.body)["message"] == "x" * 1000


def test_signs_of_life_and_their_absence() -> None:
    """A silent end is kept alive by CREDIT frames; without any frame the other end counts as gone."""
    ours, theirs = pair()
    ours.tick(SIGN_OF_LIFE_SECONDS - 1)
    assert ours.outgoing(SIGN_OF_LIFE_SECONDS - 1) == []
    ours.tick(SIGN_OF_LIFE_SECONDS)
    (sign,) = ours.outgoing(SIGN_OF_LIFE_SECONDS)
    theirs.receive(sign, SIGN_OF_LIFE_SECONDS)
    theirs.tick(SIGN_OF_LIFE_SECONDS + IDLE_SECONDS - 1)
    assert not theirs.finished
    theirs.tick(SIGN_OF_LIFE_SECONDS + IDLE_SECONDS)
    assert isinstance(theirs.error, GatewayTimeout)


@given(st.data())
def test_any_schedule_delivers_everything(data: st.DataObject) -> None:
    """Under any interleaving of sending, delivering and consuming, with repeats, no byte is lost or doubled."""
    window = data.draw(st.integers(1, 40))
    ours, theirs = pair(window)
    original = data.draw(st.binary(max_size=300))
    to_send, arrived, unread = original, b"", 0
    while len(arrived) < len(original) or to_send:
        if to_send and ours.room:
            size = data.draw(st.integers(1, min(ours.room, len(to_send))))
            ours.send(to_send[:size])
            to_send = to_send[size:]
        if not to_send or not ours.room or data.draw(st.booleans()):
            for frame in ours.outgoing(0.0):
                for _ in range(data.draw(st.integers(1, 2))):
                    chunk = theirs.receive(frame, 0.0)
                    if chunk is not None:
                        arrived += chunk.data
                        unread += len(chunk.data)
            assert unread <= window
            theirs.consumed(unread)
            unread = 0
            carry(theirs, ours)
    assert arrived == original
    assert ours.error is theirs.error is None


def test_header_is_eight_bytes() -> None:
    """The documented offsets add up."""
    assert struct.calcsize("!BBHI") == 8
