"""Lists come whole or in chunks, packed or not, and always complete."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator

import pytest
from starlette.types import Message

from edgeorch_server.apiserver.lists import PACKED_FROM, WHOLE_UP_TO, list_response
from edgeorch_server.apiserver.streaming import OpenStreams

ITEM = b'{"kind":"Pod","metadata":{"name":"p"}}'.ljust(1024)


async def answered(items: int, *, packed: bool) -> tuple[dict[str, str], list[bytes]]:
    """Give the headers and the parts of the body as they are sent."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("the client stays")

    def pieces() -> Iterator[bytes]:
        for _ in range(items):
            yield ITEM

    response = list_response(items, pieces(), OpenStreams(), packed=packed)
    await response({"type": "http"}, receive, send)
    headers = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return headers, [message["body"] for message in sent[1:]]


@pytest.mark.parametrize(
    "items", [0, 10, PACKED_FROM // len(ITEM), WHOLE_UP_TO, WHOLE_UP_TO + 1, 3 * WHOLE_UP_TO]
)
@pytest.mark.parametrize("packed", [False, True])
async def test_a_list_arrives_as_it_is(items: int, *, packed: bool) -> None:
    """Every item arrives, whichever way the list takes; what is said of its length and encoding is true."""
    headers, parts = await answered(items, packed=packed)
    body = b"".join(parts)
    assert int(headers.get("content-length", len(body))) == len(body)
    if headers.get("content-encoding") == "gzip":
        assert packed
        assert headers["vary"] == "Accept-Encoding"
        body = gzip.decompress(body)
    assert body == ITEM * items


async def test_only_a_large_list_is_packed() -> None:
    """Below 128 KiB packing takes longer than it saves."""
    small, _ = await answered(PACKED_FROM // len(ITEM) - 1, packed=True)
    large, parts = await answered(PACKED_FROM // len(ITEM), packed=True)
    assert ("content-encoding" in small, "content-encoding" in large) == (False, True)
    assert sum(map(len, parts)) < PACKED_FROM / 10


async def test_no_part_of_a_body_is_empty_before_its_end() -> None:
    """An empty part in the middle is the end to an HTTP server that takes it at its word."""
    _, parts = await answered(2 * WHOLE_UP_TO, packed=True)
    assert all(parts[:-1])
