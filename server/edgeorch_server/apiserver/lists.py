"""Answering a page of a list: in one piece when it is short, in many when it is long, packed when it is large.

A list of ten thousand pods is tens of megabytes; written in pieces it never exists as a whole, and other
requests get their turn between two pieces. A large answer is packed for those who take that, as Kubernetes
does (APIResponseCompression): objects of a kind are much alike, so a twentieth goes over the wire.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Iterable, Iterator

from starlette.responses import Response

from edgeorch_server.apiserver.responses import JSON_TYPE
from edgeorch_server.apiserver.streaming import OpenStreams, StreamResponse

WHOLE_UP_TO = 500
"""Items; what kubectl asks for at a time (``--chunk-size``)."""

PACKED_FROM = 128 * 1024
"""Bytes (Kubernetes' ``defaultGzipThresholdBytes``); what is smaller is sent faster than it is packed."""

_CHUNK = 64 * 1024
_LEVEL = 1
_GZIP = zlib.MAX_WBITS + 16


def list_response(
    items: int, pieces: Iterator[bytes], streams: OpenStreams, *, packed: bool = False
) -> Response:
    """Answer the pieces of a list of so many items; ``packed`` says that the client takes gzip."""
    if items <= WHOLE_UP_TO:
        whole = b"".join(pieces)
        if not packed or len(whole) < PACKED_FROM:
            return Response(whole, media_type=JSON_TYPE)
        pieces = (whole[start : start + _CHUNK] for start in range(0, len(whole), _CHUNK))
    chunks = _chunks(pieces)
    if not packed:
        return StreamResponse(_with_breaks(chunks), streams, JSON_TYPE)
    headers = {"content-encoding": "gzip", "vary": "Accept-Encoding"}
    return StreamResponse(_with_breaks(_packed(chunks)), streams, JSON_TYPE, headers)


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join pieces to chunks worth a system call."""
    chunk: list[bytes] = []
    size = 0
    for piece in pieces:
        chunk.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield b"".join(chunk)
            chunk, size = [], 0
    yield b"".join(chunk)


def _packed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pack chunk by chunk; what comes of a chunk may come out with a later one."""
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


async def _with_breaks(chunks: Iterable[bytes]) -> AsyncGenerator[bytes, None]:
    """Let others have their turn after each chunk."""
    for chunk in chunks:
        if chunk:
            yield chunk
        await asyncio.sleep(0)
