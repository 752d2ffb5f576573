"""A light HTTP/1.1 client, so that a benchmark measures the server and not its own client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

READ_LIMIT = 64 * 2**20
"""Bytes that one line may have: etcd answers a list of 1,000 objects in one."""


class UnexpectedStatusError(RuntimeError):
    """The server refused what the benchmark asked for."""


class Connection:
    """One keep-alive connection to this machine; one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int, tls: ssl.SSLContext | None = None) -> Connection:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls, limit=READ_LIMIT))

    @classmethod
    async def open_unix(cls, path: Path) -> Connection:
        """Connect to a socket in the file system."""
        return cls(*await asyncio.open_unix_connection(path, limit=READ_LIMIT))

    async def request(
        self, method: str, path: str, body: bytes = b"", content_type: str = "application/json"
    ) -> bytes:
        """Send a request and give the answer's body; raises :class:`UnexpectedStatusError` unless it is 2xx."""
        head = await self._begin(method, path, body, content_type)
        if b"\r\ntransfer-encoding: chunked" in head:
            answer = b"".join([chunk async for chunk in self._chunks()])
        else:
            length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            answer = await self._reader.readexactly(int(length or 0))
        status = int(head.split(None, 2)[1])
        if not 200 <= status < 300:
            raise UnexpectedStatusError(f"{method} {path}: {status} {answer[:300]!r}")
        return answer

    async def lines(self, method: str, path: str, body: bytes = b"") -> AsyncIterator[bytes]:
        """Send a request whose answer has no end, and give its lines as they come."""
        head = await self._begin(method, path, body, "application/json")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise UnexpectedStatusError(f"{method} {path}: {head!r}")
        rest = b""
        async for chunk in self._chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def _begin(self, method: str, path: str, body: bytes, content_type: str) -> bytes:
        """Send the request, and give the head of the answer in small letters."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
        if body:
            head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(head.encode() + b"\r\n" + body)
        return (await self._reader.readuntil(b"\r\n\r\n")).lower()

    async def _chunks(self) -> AsyncIterator[bytes]:
        while True:
            length = int(await self._reader.readuntil(b"\r\n"), 16)
            chunk = await self._reader.readexactly(length + 2)
            if not length:
                return
            yield chunk[:-2]
