"""One HTTP connection: uvicorn's protocol, bounded in time and memory, with the client's certificate.

uvicorn leaves three things to whoever runs it that an API server on an open network needs: nobody may hold a
connection by sending slowly or not reading, nobody may fill the memory with endless headers, and the
application must learn who the TLS client is.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from edgeorch_server.apiserver.auth.authentication import ClientCertificate
from edgeorch_server.apiserver.auth.middleware import CERTIFICATE_KEY
from edgeorch_server.apiserver.body import BODY_TIMEOUT


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a connection may take; times in seconds, sizes in bytes."""

    head_timeout: float = 32.0
    """For a request's head to arrive (Kubernetes' ReadHeaderTimeout)."""
    body_timeout: float = BODY_TIMEOUT + 1
    """For its body; a little more than the application waits, which can still answer."""
    stall_timeout: float = 60.0
    """How long a client may leave what we wrote unread."""
    max_head: int = 1024 * 1024
    """Size of a request's head (Go's DefaultMaxHeaderBytes, which is Kubernetes' limit)."""


_KEEPALIVE = {
    "SO_KEEPALIVE": (socket.SOL_SOCKET, 1),
    "TCP_KEEPIDLE": (socket.IPPROTO_TCP, 60),
    "TCP_KEEPINTVL": (socket.IPPROTO_TCP, 20),
    "TCP_KEEPCNT": (socket.IPPROTO_TCP, 3),
    "TCP_USER_TIMEOUT": (socket.IPPROTO_TCP, 120_000),
}
"""A peer that is gone without a word (power cut, cable) is noticed after two minutes, idle or not."""


_HEAD_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)


class ApiServerState(ServerState):
    """What all connections of a server share."""

    def __init__(self) -> None:
        super().__init__()
        self.drained = asyncio.Event()
        """Set while there is no connection."""
        self._second = 0

    def refresh_date(self) -> None:
        """Keep the Date header right, when somebody asks, instead of by a timer for ever."""
        now = int(time.time())
        if now != self._second:
            self._second = now
            self.default_headers = [(b"date", formatdate(now, usegmt=True).encode())]

    def note_connections(self) -> None:
        """Keep :attr:`drained` right."""
        if self.connections:
            self.drained.clear()
        else:
            self.drained.set()


class ApiProtocol(HttpToolsProtocol):
    """A connection to the API server."""

    def __init__(
        self,
        config: Config,
        state: ApiServerState,
        limits: ConnectionLimits,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(config, state, {}, loop)
        self._state = state
        self._limits = limits
        self._certificate: ClientCertificate | None = None
        self._reading: asyncio.TimerHandle | None = None
        """Runs while a request is arriving: until its head, then until its body is complete."""
        self._stalled: asyncio.TimerHandle | None = None
        self._head = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Note the peer and start waiting for a request."""
        super().connection_made(transport)
        self._state.note_connections()
        self._certificate = client_certificate(transport)
        _keep_alive(transport.get_extra_info("socket"))
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_reading_clock()
        self._stop_stall_clock()
        super().connection_lost(exc)
        self._state.note_connections()

    def data_received(self, data: bytes) -> None:
        """Parse; an idle connection on which something arrives is one on which a request has begun."""
        if self._reading is None and (self.cycle is None or self.cycle.response_complete):
            self._await_request()
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head += len(data)
            if self._head > self._limits.max_head:
                self.transport.write(_HEAD_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Start a request and its clock."""
        super().on_message_begin()
        self.scope[CERTIFICATE_KEY] = self._certificate  # type: ignore[literal-required]  # our own
        self._in_head = True
        self._head = 0
        if self._reading is None:
            self._await_request()

    def on_headers_complete(self) -> None:
        """Wait for the body from here on."""
        self._in_head = False
        self._stop_reading_clock()
        self._reading = self.loop.call_later(self._limits.body_timeout, self._abort)
        self._state.refresh_date()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait for nothing: it is our turn."""
        self._stop_reading_clock()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Give a client that does not read a limited time."""
        if self._stalled is None:
            self._stalled = self.loop.call_later(self._limits.stall_timeout, self._abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on with a client that reads again."""
        self._stop_stall_clock()
        super().resume_writing()

    def _stop_stall_clock(self) -> None:
        """Stop waiting for the client to read."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _await_request(self) -> None:
        self._reading = self.loop.call_later(self._limits.head_timeout, self._abort)

    def _stop_reading_clock(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _abort(self) -> None:
        self.transport.abort()


def client_certificate(transport: asyncio.BaseTransport) -> ClientCertificate | None:
    """Read the subject of the certificate that TLS has verified; None without one."""
    ssl_object: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    certificate = ssl_object.getpeercert() if ssl_object else None
    if not certificate:
        return None
    names_of = cast("tuple[tuple[tuple[str, str], ...], ...]", certificate.get("subject", ()))
    subject = [pair for relative_name in names_of for pair in relative_name]
    names = [value for key, value in subject if key == "commonName"]
    organizations = tuple(value for key, value in subject if key == "organizationName")
    return ClientCertificate(names[0] if names else "", organizations)


def _keep_alive(sock: socket.socket | None) -> None:
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    for name, (level, value) in _KEEPALIVE.items():
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(level, option, value)
