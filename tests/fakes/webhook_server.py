"""A real HTTPS server that answers admission reviews, or does what a broken one does."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.certificates import TestCa


def http(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """Write an HTTP answer."""
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


def answer(review: dict[str, Any], **response: Any) -> bytes:
    """Answer a review as a webhook should."""
    said = {"uid": review["request"]["uid"], "allowed": True, **response}
    return http(json.dumps({**review, "request": None, "response": said}).encode())


@dataclass
class WebhookServer:
    """Runs on a free port of the loopback; ``say`` makes an HTTP answer of a review, and None never answers."""

    port: int
    ca_bundle: str
    say: Callable[[dict[str, Any]], bytes | None] = answer
    requests: list[str] = field(default_factory=list)
    """First lines of the requests."""
    reviews: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/check"

    def client_config(self) -> dict[str, Any]:
        return {"url": self.url, "caBundle": self.ca_bundle}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head.split("\r\n", 1)[0])
            length = next(line for line in head.lower().split("\r\n") if line.startswith("content-length:"))
            review = json.loads(await reader.readexactly(int(length.partition(":")[2])))
            self.reviews.append(review)
            said = self.say(review)
            if said is None:
                await reader.read()
            else:
                writer.write(said)
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def webhook_server(folder: Path, name: str = "localhost") -> AsyncIterator[WebhookServer]:
    """Serve with a certificate that is for ``localhost``, ``127.0.0.1`` and ``name``."""
    ca = TestCa(folder)
    files = ca.issue("webhook", also=name)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(files.certificate, files.key)
    server = WebhookServer(0, base64.b64encode(ca.path.read_bytes()).decode())
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
