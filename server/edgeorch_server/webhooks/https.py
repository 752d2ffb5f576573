"""One POST over HTTPS: a connection of its own, bounded in what it takes in.

h11 speaks HTTP, asyncio TLS. Errors are worded like Go's, which is what users of webhooks look for.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
from dataclasses import dataclass

import h11

from edgeorch_server.webhooks.failures import CallFailed

MAX_ANSWER = 8 * 1024 * 1024
"""Bytes of an answer: a patch that replaces the largest object, in base64, and as much again."""

_PIECE = 64 * 1024
_AGENT = "kube-apiserver-admission"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a webhook is."""

    url: str
    """As it is named in errors."""
    host: str
    """What is connected to."""
    port: int
    server_name: str
    """What the server's certificate must be for."""
    authority: str
    """The Host header."""
    target: str
    """Path and query."""


def tls_for(ca_bundle: str) -> ssl.SSLContext:
    """Trust these certificates (PEM in base64), or without any those of the system; raises CallFailed."""
    if not ca_bundle:
        return ssl.create_default_context()
    try:
        pem = base64.b64decode(ca_bundle).decode("ascii")
        return ssl.create_default_context(cadata=pem)
    except (binascii.Error, UnicodeDecodeError, ssl.SSLError, ValueError) as exc:
        raise CallFailed(f"could not get REST client: unable to load root certificates: {exc}") from exc


async def post(destination: Destination, tls: ssl.SSLContext, body: bytes) -> tuple[int, bytes]:
    """POST JSON; gives status and body. Raises CallFailed. How long to wait is the caller's business."""
    try:
        reader, writer = await asyncio.open_connection(
            destination.host, destination.port, ssl=tls, server_hostname=destination.server_name
        )
    except ssl.SSLCertVerificationError as exc:
        raise _broken(destination, f"tls: failed to verify certificate: {exc.verify_message}") from exc
    except ssl.SSLError as exc:
        raise _broken(destination, f"tls: {exc.reason or exc}") from exc
    except OSError as exc:
        where = f"{destination.host}:{destination.port}"
        raise _broken(destination, f"dial tcp {where}: {exc.strerror or exc}") from exc
    try:
        connection = h11.Connection(our_role=h11.CLIENT)
        writer.write(_request(connection, destination, body))
        await writer.drain()
        return await _answer(connection, reader)
    except h11.RemoteProtocolError as exc:
        raise _broken(destination, f"malformed HTTP response: {exc}") from exc
    except (OSError, EOFError) as exc:
        raise _broken(destination, str(exc) or type(exc).__name__) from exc
    finally:
        writer.transport.abort()  # nothing is left to be said, and nobody is waited for


def _request(connection: h11.Connection, destination: Destination, body: bytes) -> bytes:
    head = h11.Request(
        method="POST",
        target=destination.target,
        headers=[
            ("Host", destination.authority),
            ("User-Agent", _AGENT),
            ("Accept", "application/json, */*"),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ],
    )
    pieces = (connection.send(event) for event in (head, h11.Data(body), h11.EndOfMessage()))
    return b"".join(piece for piece in pieces if piece)


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[int, bytes]:
    status, size = 0, 0
    pieces: list[bytes] = []
    while True:
        event = connection.next_event()
        match event:
            case h11.NEED_DATA:
                connection.receive_data(await reader.read(_PIECE))
            case h11.Response():
                status = event.status_code
            case h11.Data():
                size += len(event.data)
                if size > MAX_ANSWER:
                    raise CallFailed(f"failed to call webhook: the answer is larger than {MAX_ANSWER} bytes")
                pieces.append(bytes(event.data))
            case h11.EndOfMessage():
                return status, b"".join(pieces)
            case h11.InformationalResponse():
                pass
            case _:
                raise EOFError("EOF")


def _broken(destination: Destination, why: str) -> CallFailed:
    return CallFailed(f'failed to call webhook: Post "{destination.url}": {why}')
