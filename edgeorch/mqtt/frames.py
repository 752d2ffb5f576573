"""Two-way byte streams with credit-based flow control: the protocol, without I/O and without a clock.

A stream is opened by a call and has an id that the server chose at random. The agent sends on
``nodes/{node}/streams/{id}/up``, the server on ``.../down``; both ends follow the same rules. Each MQTT message
is one frame, with numbers in network byte order::

    offset  size  field
    0       1     kind: 1 DATA, 2 CREDIT, 3 END, 4 ABORT
    1       1     channel: which of the stream's byte sequences DATA belongs to; the call gives it a meaning
    2       2     zero; ignored by receivers
    4       4     number: counts the frames of one direction from 1. 0 stands outside of the count: an ABORT
                  by somebody who does not know the stream
    8       ...   body

    DATA    bytes, at most MAX_CHUNK
    CREDIT  8 bytes: how many bytes of DATA the sender of this frame has taken or has room for, counted from the
            beginning of the stream. Absolute, so that repeating it does no harm; also sent as a sign of life
    END     nothing: no more DATA in this direction; the other one goes on
    ABORT   a meta/v1 Status as JSON, or nothing when the sender has simply lost interest. Ends both directions

Both ends begin with a credit of :data:`WINDOW` bytes. A frame that has been seen is ignored; a gap in the
numbers, DATA beyond the credit or after END, and frames that cannot be read end the stream with an ABORT.
"""

from __future__ import annotations

import enum
import json
import struct
from dataclasses import dataclass

from edgeorch.errors import ApiError, BadRequest, GatewayTimeout, InternalError, from_status
from edgeorch.mqtt.messages import load_object

HEADER = struct.Struct("!BBHI")
CREDIT = struct.Struct("!Q")
WINDOW = 256 * 1024
"""Bytes that may be on their way or wait to be read, per direction."""
MAX_CHUNK = 32 * 1024
"""Bytes of DATA in one frame: small enough that a keystroke does not wait long behind one on a slow link."""
MAX_STATUS = 64 * 1024
SIGN_OF_LIFE_SECONDS = 20.0
IDLE_SECONDS = 65.0
"""Without a frame for this long the other end counts as gone; three signs of life may be lost."""


class Kind(enum.IntEnum):
    """Frame kinds."""

    DATA = 1
    CREDIT = 2
    END = 3
    ABORT = 4


class Cancelled(ApiError):
    """The other end has lost interest in the stream."""

    code = 499  # nginx's "client closed request"; never leaves as a reply
    reason = "Cancelled"


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame."""

    kind: Kind
    channel: int
    number: int
    body: bytes

    def encode(self) -> bytes:
        """Give the MQTT payload."""
        return HEADER.pack(self.kind, self.channel, 0, self.number) + self.body

    @classmethod
    def decode(cls, payload: bytes) -> Frame:
        """Read an MQTT payload; raises ValueError."""
        if len(payload) < HEADER.size:
            raise ValueError("truncated frame")
        kind, channel, _, number = HEADER.unpack_from(payload)
        body = payload[HEADER.size :]
        limit = {Kind.DATA: MAX_CHUNK, Kind.CREDIT: CREDIT.size, Kind.END: 0, Kind.ABORT: MAX_STATUS}
        if kind not in limit:
            raise ValueError(f"unknown kind of frame: {kind}")
        if len(body) > limit[kind] or (kind == Kind.CREDIT and len(body) != CREDIT.size):
            raise ValueError(f"{Kind(kind).name} frame with {len(body)} bytes")
        if number == 0 and kind != Kind.ABORT:
            raise ValueError("frame without a number")
        return cls(Kind(kind), channel, number, body)


def abort_frame(error: ApiError | None, number: int = 0) -> Frame:
    """Make an ABORT: None says that nobody is interested any more."""
    body = b""
    if error is not None:
        body = json.dumps(error.to_status(), separators=(",", ":")).encode()
        if len(body) > MAX_STATUS:
            body = json.dumps(type(error)(error.message[:1000]).to_status()).encode()
    return Frame(Kind.ABORT, 0, number, body)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that arrived on a channel."""

    channel: int
    data: bytes


class StreamCore:
    """The state of one end. What :meth:`outgoing` gives must be sent, in order.

    Invariants: ``sent <= credit``; ``received <= granted``; after an error nothing is sent or received.
    """

    def __init__(self, now: float, window: int = WINDOW) -> None:
        self._window = window
        self._outgoing: list[bytes] = []
        self._number = 0  # of the last frame sent
        self._seen = 0  # number of the last frame received
        self._sent = 0
        self._credit = window
        self._received = 0
        self._consumed = 0
        self._granted = window
        self._sent_at = self._heard_at = now
        self.local_ended = False
        self.remote_ended = False
        self.error: ApiError | None = None
        """Why the stream ended before its time, on either side."""

    @property
    def finished(self) -> bool:
        """Both directions have ended, or an error has ended them."""
        return self.error is not None or (self.local_ended and self.remote_ended)

    @property
    def room(self) -> int:
        """How many bytes may be sent now."""
        return self._credit - self._sent

    def outgoing(self, now: float) -> list[bytes]:
        """Take the frames to be sent since the last call."""
        frames, self._outgoing = self._outgoing, []
        if frames:
            self._sent_at = now
        return frames

    def send(self, data: bytes, channel: int = 0) -> None:
        """Send one chunk; the caller keeps to :attr:`room` and :data:`MAX_CHUNK`."""
        if self.finished or self.local_ended:
            raise ValueError("the stream has ended in this direction")
        if not 0 < len(data) <= min(self.room, MAX_CHUNK):
            raise ValueError(f"a chunk of {len(data)} bytes, with room for {self.room}")
        self._sent += len(data)
        self._emit(Kind.DATA, channel, data)

    def end(self) -> None:
        """End our direction in good order; nothing happens when it has ended."""
        if not self.local_ended and self.error is None:
            self._emit(Kind.END, 0, b"")
            self.local_ended = True

    def abort(self, error: ApiError | None = None) -> None:
        """End both directions now; nothing happens when the stream is finished."""
        if not self.finished:
            self._number += 1
            self._outgoing.append(abort_frame(error, self._number).encode())
            self.error = error or Cancelled("the stream was cancelled")

    def consumed(self, count: int) -> None:
        """Tell that the user has taken bytes: when half the window is free, the other end may send again."""
        self._consumed += count
        if self._consumed + self._window - self._granted >= self._window // 2:
            self._grant()

    def receive(self, payload: bytes, now: float) -> Chunk | None:
        """Take a frame; gives the data it carried."""
        if self.finished:
            return None
        self._heard_at = now
        try:
            return self._take(Frame.decode(payload))
        except ValueError as exc:
            self.abort(BadRequest(f"stream broken: {exc}"))
            return None

    def tick(self, now: float) -> None:
        """Look at the clock: send a sign of life, or give up on the other end. Call every few seconds."""
        if self.finished:
            return
        if now - self._heard_at >= IDLE_SECONDS:
            self.abort(GatewayTimeout(f"nothing heard on the stream for {IDLE_SECONDS:.0f} seconds"))
        elif now - self._sent_at >= SIGN_OF_LIFE_SECONDS:
            self._grant()

    def _take(self, frame: Frame) -> Chunk | None:
        if frame.kind is Kind.ABORT:
            self.error = _read_abort(frame.body)
            return None
        if frame.number <= self._seen:
            return None  # repeated by the network
        if frame.number != self._seen + 1:
            raise ValueError(f"frames {self._seen + 1} to {frame.number - 1} were lost")
        self._seen = frame.number
        if frame.kind is Kind.CREDIT:
            (total,) = CREDIT.unpack(frame.body)
            self._credit = max(self._credit, total)
            return None
        if self.remote_ended:
            raise ValueError(f"{frame.kind.name} after the end")
        if frame.kind is Kind.END:
            self.remote_ended = True
            return None
        self._received += len(frame.body)
        if self._received > self._granted:
            raise ValueError("more data than was allowed")
        return Chunk(frame.channel, frame.body)

    def _grant(self) -> None:
        self._granted = self._consumed + self._window
        self._emit(Kind.CREDIT, 0, CREDIT.pack(self._granted))

    def _emit(self, kind: Kind, channel: int, body: bytes) -> None:
        self._number += 1
        self._outgoing.append(Frame(kind, channel, self._number, body).encode())


def _read_abort(body: bytes) -> ApiError:
    if not body:
        return Cancelled("the other end cancelled the stream")
    try:
        return from_status(load_object(body))
    except (ValueError, TypeError, AttributeError):
        return InternalError("the other end aborted the stream with an unreadable status")
