"""Answering a page of a list: in one piece when it is short, in many when it is long.

A list of ten thousand pods is tens of megabytes; written in pieces it never exists as a whole, and other
requests get their turn between two pieces.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator

from starlette.responses import Response

from edgeorch_server.apiserver.responses import JSON_TYPE
from edgeorch_server.apiserver.streaming import OpenStreams, StreamResponse

WHOLE_UP_TO = 500
"""Items; what kubectl asks for at a time (``--chunk-size``)."""

_CHUNK = 64 * 1024


def list_response(items: int, pieces: Iterator[bytes], streams: OpenStreams) -> Response:
    """Answer the pieces of a list of so many items."""
    if items <= WHOLE_UP_TO:
        return Response(b"".join(pieces), media_type=JSON_TYPE)
    return StreamResponse(_chunks(pieces), streams, JSON_TYPE)


async def _chunks(pieces: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    chunk: list[bytes] = []
    size = 0
    for piece in pieces:
        chunk.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield b"".join(chunk)
            chunk, size = [], 0
            await asyncio.sleep(0)
    yield b"".join(chunk)
