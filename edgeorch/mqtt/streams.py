"""Streams on a Bus: what calls hand out for logs, exec, attach and port-forward.

The protocol is in :mod:`edgeorch.mqtt.frames`. :class:`StreamHub` is one side of all streams of a process,
:class:`Stream` one end of one stream.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from types import TracebackType
from typing import Self

from edgeorch.errors import ApiError, BadRequest, InternalError, ServiceUnavailable, TooManyRequests
from edgeorch.mqtt.bus import Bus, Connection, Message
from edgeorch.mqtt.changed import Changed
from edgeorch.mqtt.frames import MAX_CHUNK, Chunk, Frame, Kind, StreamCore, abort_frame
from edgeorch.mqtt.topics import StreamTopic, Topics

logger = logging.getLogger(__name__)

TICK_SECONDS = 5.0
MAX_STREAMS = 512
MAX_REFUSALS = 16
"""Answers to frames of unknown streams that may be on their way at a time."""


class Stream:
    """One end of a stream: ``write``, ``end``, and iterate for what the other end sends.

    Iteration ends after the other end's END; otherwise it raises the ApiError that ended the stream
    (:class:`edgeorch.mqtt.frames.Cancelled` when the other end lost interest). As a context manager the
    stream aborts, on the way out, whatever has not ended.
    """

    def __init__(self, hub: StreamHub, topic: StreamTopic) -> None:
        self._hub = hub
        self._topic = topic
        self._core = StreamCore(asyncio.get_running_loop().time())
        self._inbox: deque[Chunk] = deque()
        self._frames: deque[bytes] = deque()
        self._changed = Changed()
        self._writing = asyncio.Lock()
        self._sender: asyncio.Task[None] | None = None

    @property
    def id(self) -> str:
        """What a call names the stream by."""
        return self._topic.stream

    @property
    def finished(self) -> bool:
        """Both directions have ended, or an error has ended them."""
        return self._core.finished

    async def write(self, data: bytes, channel: int = 0) -> None:
        """Send bytes; waits while the other end has no room. Raises what ended the stream."""
        async with self._writing:
            view = memoryview(data)
            while view:
                await self._changed.until(lambda: self._can_send() or self._core.finished)
                if self._core.error is not None:
                    raise self._core.error
                size = min(len(view), self._core.room, MAX_CHUNK)
                self._core.send(bytes(view[:size]), channel)
                view = view[size:]
                self._flush()

    async def end(self) -> None:
        """End our direction; returns when the broker has everything, or the stream has failed."""
        self._core.end()
        self._flush()
        await self._changed.until(lambda: not self._frames)

    def abort(self, error: ApiError | None = None) -> None:
        """End both directions; without an error the other end is told that nobody is interested any more."""
        self._core.abort(error)
        self._flush()

    async def closed(self) -> None:
        """Return when the stream is finished, whatever the reason."""
        await self._changed.until(lambda: self._core.finished)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Chunk:
        await self._changed.until(lambda: bool(self._inbox) or self._core.remote_ended or self._core.finished)
        if self._inbox:
            chunk = self._inbox.popleft()
            if not (self._core.finished or self._core.remote_ended):
                self._core.consumed(len(chunk.data))
                self._flush()
            return chunk
        if self._core.error is not None and not self._core.remote_ended:
            raise self._core.error
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort(error if isinstance(error, ApiError) else None)

    # For the hub.

    def receive(self, payload: bytes, now: float) -> None:
        """Take a frame."""
        chunk = self._core.receive(payload, now)
        if chunk is not None:
            self._inbox.append(chunk)  # bounded: the core has checked the window
        self._flush()

    def tick(self, now: float) -> None:
        """Look at the clock."""
        self._core.tick(now)
        self._flush()

    def lose(self, error: ApiError) -> None:
        """End without a word to the other end: there is no connection to say it on."""
        self._core.abort(error)
        self._core.outgoing(0.0)
        self._frames.clear()
        self._flush()

    def _can_send(self) -> bool:
        return self._core.room > 0 and not self._frames

    def _flush(self) -> None:
        self._frames.extend(self._core.outgoing(asyncio.get_running_loop().time()))
        if self._frames and self._sender is None:
            self._sender = asyncio.create_task(self._send(), name=f"stream-{self.id}")
        self._settle()

    def _settle(self) -> None:
        if self._core.finished and not self._frames:
            self._hub.forget(self)
        self._changed.notify()

    async def _send(self) -> None:
        name = self._hub.topics.name(self._topic)
        try:
            while self._frames:
                await self._hub.bus.publish(name, self._frames[0])
                if self._frames:  # else the connection was lost meanwhile
                    self._frames.popleft()
                self._changed.notify()
        except ApiError as exc:
            self.lose(exc)
        except Exception as exc:
            logger.exception("sending on a stream failed")
            self.lose(InternalError(f"sending on a stream failed: {exc}"))
        finally:
            self._sender = None
            self._settle()


class StreamHub:
    """One side of all streams of a process: the agent's if it is given a node, else the server's.

    :meth:`run` must be running. When the connection is lost all streams end: frames were lost with it.
    """

    def __init__(self, bus: Bus, topics: Topics, node: str = "", max_streams: int = MAX_STREAMS) -> None:
        self.bus = bus
        self.topics = topics
        self._receives, self._sends = ("down", "up") if node else ("up", "down")
        self._pattern = topics.pattern(f"nodes/{node or '+'}/streams/+/{self._receives}")
        self._max_streams = max_streams
        self._streams: dict[tuple[str, str], Stream] = {}
        self._refusals: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._streams)

    def open(self, node: str, stream_id: str) -> Stream:
        """Make one end of a stream. Raises BadRequest for a bad or known id, TooManyRequests."""
        topic = StreamTopic(node, stream_id, self._sends)
        try:
            self.topics.name(topic)
        except ValueError as exc:
            raise BadRequest(f"bad stream id: {exc}") from exc
        if (node, stream_id) in self._streams:
            raise BadRequest(f"stream {stream_id} is open already")
        if len(self._streams) >= self._max_streams:
            raise TooManyRequests(f"{len(self._streams)} streams are open already", retry_after=1)
        stream = self._streams[node, stream_id] = Stream(self, topic)
        return stream

    def forget(self, stream: Stream) -> None:
        """Drop a finished stream; called by itself."""
        node = stream._topic.node  # noqa: SLF001 (hub and stream are one thing in two classes)
        if self._streams.get((node, stream.id)) is stream:
            del self._streams[node, stream.id]

    async def run(self) -> None:
        """Serve all streams, for ever."""
        await self.bus.subscribe(self._pattern, self._receive)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick(), name="stream-ticks")
            group.create_task(self._follow_connection(), name="stream-connections")

    def _receive(self, message: Message) -> None:
        topic = self.topics.find(message.topic)
        if not isinstance(topic, StreamTopic):
            return
        stream = self._streams.get((topic.node, topic.stream))
        if stream is not None:
            stream.receive(message.payload, asyncio.get_running_loop().time())
        else:
            self._refuse(topic, message.payload)

    def _refuse(self, topic: StreamTopic, payload: bytes) -> None:
        """Tell somebody who goes on sending that the stream is gone: we may have been restarted."""
        try:
            kind = Frame.decode(payload).kind
        except ValueError:
            return
        if kind not in (Kind.DATA, Kind.CREDIT) or len(self._refusals) >= MAX_REFUSALS:
            return
        answer = StreamTopic(topic.node, topic.stream, self._sends)
        task = asyncio.create_task(self._say_gone(answer), name="stream-refusal")
        self._refusals.add(task)
        task.add_done_callback(self._refusals.discard)

    async def _say_gone(self, topic: StreamTopic) -> None:
        try:
            await self.bus.publish(self.topics.name(topic), abort_frame(None).encode())
        except ApiError as exc:
            logger.debug("could not refuse a stream: %s", exc)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = asyncio.get_running_loop().time()
            for stream in tuple(self._streams.values()):
                stream.tick(now)

    async def _follow_connection(self) -> None:
        async for state in self.bus.connections():
            if state is Connection.DOWN:
                for stream in tuple(self._streams.values()):
                    stream.lose(ServiceUnavailable("connection to the MQTT broker lost"))
