"""Endless answers end well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message

from edgeorch_server.apiserver.streaming import OpenStreams, StreamResponse

BODY = "http.response.body"


class Chunks:
    """A source that a test feeds, and that says whether it was closed."""

    def __init__(self, *chunks: bytes, then: str = "wait") -> None:
        self._chunks = chunks
        self._then = then
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._then == "fail":
            raise RuntimeError("broken source")
        if self._then == "wait":
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed = True


class Connection:
    """The HTTP server's side of a request."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.gone = asyncio.Event()
        self.something_sent = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        self.something_sent.set()

    @property
    def body(self) -> bytes:
        return b"".join(m["body"] for m in self.sent if m["type"] == BODY)

    @property
    def complete(self) -> bool:
        return bool(self.sent) and self.sent[-1]["type"] == BODY and not self.sent[-1]["more_body"]


def start(source: Chunks, connection: Connection, streams: OpenStreams) -> asyncio.Task[None]:
    response = StreamResponse(source, streams, "application/json")
    return asyncio.create_task(response({"type": "http"}, connection.receive, connection.send))


async def until(connection: Connection, body: bytes) -> None:
    async with asyncio.timeout(5):
        while connection.body != body:
            connection.something_sent.clear()
            await connection.something_sent.wait()


async def test_chunks_are_sent_as_they_come() -> None:
    """Chunked, without a length, and with a proper end."""
    source, connection = Chunks(b"a", b"b", then="end"), Connection()
    await start(source, connection, OpenStreams())
    assert connection.body == b"ab"
    assert connection.complete
    assert source.closed
    assert b"content-length" not in dict(connection.sent[0]["headers"])


async def test_a_client_that_goes_ends_the_stream() -> None:
    """An idle stream notices too, and its source is closed."""
    source, connection, streams = Chunks(b"a"), Connection(), OpenStreams()
    task = start(source, connection, streams)
    await until(connection, b"a")
    assert len(streams) == 1
    connection.gone.set()
    await asyncio.wait_for(task, 5)
    assert source.closed
    assert len(streams) == 0


async def test_a_stopping_server_ends_streams_in_good_order() -> None:
    """The client gets the end of the body, not a broken connection."""
    source, connection, streams = Chunks(b"a"), Connection(), OpenStreams()
    task = start(source, connection, streams)
    await until(connection, b"a")
    streams.stop()
    await asyncio.wait_for(task, 5)
    assert source.closed
    assert connection.complete


async def test_no_stream_outlives_a_stop() -> None:
    """One that begins while the server stops ends at once, and its source is closed unread."""
    source, connection, streams = Chunks(b"a"), Connection(), OpenStreams()
    streams.stop()
    await asyncio.wait_for(start(source, connection, streams), 5)
    assert source.closed
    assert connection.complete


async def test_being_cancelled_is_not_swallowed() -> None:
    """Whoever cancels the request sees it cancelled, and the source is closed."""
    source, connection = Chunks(b"a"), Connection()
    task = start(source, connection, OpenStreams())
    await until(connection, b"a")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.closed


async def test_an_error_of_the_source_goes_up() -> None:
    """The answer is not ended as if it were whole."""
    source, connection = Chunks(b"a", then="fail"), Connection()
    with pytest.raises(RuntimeError, match="broken source"):
        await start(source, connection, OpenStreams())
    assert source.closed
    assert not connection.complete
