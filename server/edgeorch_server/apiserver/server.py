"""The HTTPS server: listens on our event loop and stops in good order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from edgeorch.errors import UserError
from edgeorch_server.apiserver.protocol import ApiProtocol, ApiServerState, ConnectionLimits
from edgeorch_server.apiserver.streaming import OpenStreams

KEEP_ALIVE = 120
"""Seconds an idle connection is kept for the client's next request."""

HANDSHAKE_TIMEOUT = 10.0
STOP_GRACE = 5.0
"""Seconds that requests under way get when the server stops."""

_FLUSH_TIMEOUT = 1.0
"""Seconds that clients get to read their last answers."""

logger = logging.getLogger(__name__)


def tls_context(certificate: Path, key: Path, *client_cas: Path) -> ssl.SSLContext:
    """Build the TLS side: our certificate, and client certificates verified where one is presented."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    for client_ca in client_cas:
        context.load_verify_locations(client_ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["http/1.1"])
    return context


class HttpServer:
    """Serves an application on one address; an async context manager, listening within the block.

    ``port`` 0 takes a free one, which :attr:`port` tells. ``streams`` are ended when the server stops.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        streams: OpenStreams,
        limits: ConnectionLimits | None = None,
        stop_grace: float = STOP_GRACE,
    ) -> None:
        self._config = uvicorn.Config(
            app,
            loop="none",
            http=ApiProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE,
        )
        self._host = host
        self._port = port
        self._tls = tls
        self._streams = streams
        self._limits = limits or ConnectionLimits()
        self._stop_grace = stop_grace
        self._state = ApiServerState()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._config.load()
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: ApiProtocol(self._config, self._state, self._limits, loop),
                self._host,
                self._port,
                ssl=self._tls,
                backlog=1024,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT if self._tls else None,
            )
        except OSError as exc:
            raise UserError(f"cannot listen on {self._host}:{self._port}: {exc.strerror or exc}") from exc
        logger.info("API server listens on %s:%s", self._host, self.port)
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None, "the server is not listening"
        listening: socket.socket = self._server.sockets[0]
        port: int = listening.getsockname()[1]
        return port

    def use_certificate(self, certificate: Path, key: Path) -> None:
        """Show this certificate to whoever connects from now on. Raises OSError (ssl.SSLError is one)."""
        if self._tls:
            self._tls.load_cert_chain(certificate, key)

    async def stop(self) -> None:
        """Stop listening, end watches, let short requests finish, then drop what is left."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        self._state.note_connections()
        self._streams.stop()
        for connection in tuple(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            _, late = await asyncio.wait(self._state.tasks, timeout=self._stop_grace)
            for task in late:
                task.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._state.drained.wait(), _FLUSH_TIMEOUT)
        for connection in tuple(self._state.connections):
            connection.transport.abort()
        await server.wait_closed()
        logger.info("API server has stopped")
