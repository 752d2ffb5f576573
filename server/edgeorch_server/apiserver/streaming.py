"""Answers without an end of their own: watches and followed logs.

An endless answer ends when its source does, when the client goes, or when the server stops; whichever it is,
its source is closed, and after a stop the client still gets a proper end of the body.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Source(Protocol):
    """Where chunks come from.

    ``aclose`` must let go of everything before the first step too: an async generator qualifies if it holds
    nothing until then.
    """

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """Let go of everything."""
        ...


class OpenStreams:
    """The endless answers under way, so that a stopping server can end them."""

    def __init__(self) -> None:
        self._ends: set[Callable[[], None]] = set()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._ends)

    @contextlib.contextmanager
    def entered(self, end: Callable[[], None]) -> Iterator[None]:
        """Hold a stream open within the block; ``end`` is called when the server stops, at once if it has."""
        self._ends.add(end)
        if self._stopped:
            end()
        try:
            yield
        finally:
            self._ends.discard(end)

    def stop(self) -> None:
        """End all streams, and those yet to come."""
        self._stopped = True
        for end in tuple(self._ends):
            end()


class StreamResponse(Response):
    """Sends each chunk as it comes (chunked transfer) and always closes the source."""

    def __init__(
        self,
        chunks: Source,
        streams: OpenStreams,
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(media_type=media_type, headers=headers)
        del self.headers["content-length"]
        self._chunks = chunks
        self._streams = streams

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Run until the source, the client or the server ends."""
        task = asyncio.current_task()
        assert task is not None
        ended = False

        def end() -> None:
            nonlocal ended
            if not ended:
                ended = True
                task.cancel()

        listener = asyncio.create_task(_when_gone(receive, end), name="client gone")
        try:
            async with contextlib.aclosing(self._chunks) as chunks:
                with self._streams.entered(end):
                    await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                    async for chunk in chunks:
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except asyncio.CancelledError:
            # ours to swallow only if it was end() that cancelled, and nobody else did too
            if not ended or task.uncancel() > 0:
                raise
        finally:
            listener.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _when_gone(receive: Receive, end: Callable[[], None]) -> None:
    """Call ``end`` once the client has disconnected; what it may still send is of no interest."""
    while (await receive())["type"] != "http.disconnect":
        pass
    end()
