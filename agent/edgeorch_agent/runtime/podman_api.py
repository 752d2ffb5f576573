"""Podman's REST service as coroutines: threads, time-outs, streams and errors, nothing of containers.

This is the only module that imports podman-py, and of that only its transport (``APIClient``): the managers
above it ask again after every answer (``create`` is followed by ``inspect``), wait ten seconds in ``remove``
and leave out fields we need, where one request with the documented body does.

A request runs on a small thread pool of our own; at most as many connections are kept as it has threads. A
stream (events, a pull) has a thread and a connection of its own, so a long one never keeps a request waiting,
and closing it shuts the socket down, which wakes the thread wherever it blocks.
"""

from __future__ import annotations

import asyncio
import functools
import json
import socket
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from podman.api import APIClient, encode_auth_header
from podman.api.client import APIResponse
from podman.api.uds import UDSConnection, UDSConnectionPool
from podman.errors import PodmanError

from edgeorch_agent.runtime.base import Credentials, NoSuchObject, RuntimeFault, RuntimeUnavailable

API_VERSION: Final = "4.3.1"
"""The oldest API we know; newer services answer in its shapes when asked by it."""

_GONE: Final = frozenset({"no such container", "no such pod", "image not known"})
_CONNECT_TIMEOUT: Final = 5.0
_BUFFER: Final = 1 << 20
"""Bytes a stream reads ahead of its consumer before it makes the service wait."""

_TRANSPORT_ERRORS: Final = (OSError, HTTPException, PodmanError)
"""What podman-py, requests (an OSError) and the sockets below raise when there is no answer."""

Params = Mapping[str, Any]


class PodmanRefusal(RuntimeFault):
    """Podman answered with an error. ``status`` is HTTP's; ``cause`` is the innermost error's text."""

    def __init__(self, message: str, *, status: int, cause: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.cause = cause


def refusal(status: int, body: bytes) -> RuntimeFault:
    """Turn an error answer into a fault.

    Podman says "gone" in two ways: 404, and 500 with a telling cause (for an image or pod that another
    request names).
    """
    try:
        answer = json.loads(body)
        message, cause = str(answer["message"]), str(answer.get("cause") or "")
    except (ValueError, KeyError, TypeError):
        message, cause = body.decode(errors="replace").strip() or f"HTTP {status}", ""
    if status == HTTPStatus.NOT_FOUND or cause in _GONE:
        return NoSuchObject(message)
    return PodmanRefusal(message, status=status, cause=cause)


class PodmanApi:
    """The service behind one socket."""

    def __init__(self, path: Path, *, workers: int = 6, patience: float = 30.0) -> None:
        """``patience`` is the longest silence, in seconds, of a request that does not say otherwise."""
        self._path = path
        self._patience = patience
        self._client = _client(path, timeout=patience, connections=workers)
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        _announce_connections(self._client, self._sockets.add)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="podman")
        self._streams: set[PodmanStream] = set()
        self._closed = False

    async def ping(self) -> None:
        """See that the service answers; costs it next to nothing. Raises RuntimeUnavailable if it does not."""
        await self._exchange("GET", "/_ping", {}, None, None)

    async def get(self, path: str, *, patience: float | None = None, **params: Any) -> Any:
        """GET and decode the answer."""
        return await self._request("GET", path, params, None, patience)

    async def post(
        self, path: str, *, body: Mapping[str, Any] | None = None, patience: float | None = None, **params: Any
    ) -> Any:
        """POST and decode the answer; None where there is none (304 "already so" included)."""
        return await self._request("POST", path, params, body, patience)

    async def delete(self, path: str, *, patience: float | None = None, **params: Any) -> Any:
        """DELETE and decode the answer."""
        return await self._request("DELETE", path, params, None, patience)

    async def stream(
        self, method: str, path: str, *, credentials: Credentials | None = None, **params: Any
    ) -> AsyncGenerator[bytes, None]:
        """Send a request whose answer comes bit by bit; yields its lines.

        It may be silent for any time. Leaving the iteration (``aclosing``) hangs up.
        """
        headers: dict[str, Any] = {}
        if credentials is not None:
            login = {"username": credentials.username, "password": credentials.password}
            headers["X-Registry-Auth"] = encode_auth_header(login)
        stream = PodmanStream(self._path, method, path, _plain(params), headers)
        self._streams.add(stream)
        rest = b""
        try:
            while chunk := await stream.read():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    yield line
            if rest:
                yield rest
        finally:
            self._streams.discard(stream)
            stream.close()

    async def aclose(self) -> None:
        """Hang up. Requests under way fail at once: a frozen service must not hold up the agent's end."""
        self._closed = True
        for stream in tuple(self._streams):
            stream.close()
        for sock in tuple(self._sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._pool.shutdown(wait=False)
        self._client.close()

    async def _request(
        self, method: str, path: str, params: Params, body: Mapping[str, Any] | None, patience: float | None
    ) -> Any:
        content = await self._exchange(method, path, params, body, patience)
        return json.loads(content) if content.strip() else None

    async def _exchange(
        self, method: str, path: str, params: Params, body: Mapping[str, Any] | None, patience: float | None
    ) -> bytes:
        if self._closed:
            raise RuntimeUnavailable("the connection to Podman is closed")
        loop = asyncio.get_running_loop()
        call = functools.partial(self._send, method, path, _plain(params), body, patience or self._patience)
        try:
            status, content = await loop.run_in_executor(self._pool, call)
        except _TRANSPORT_ERRORS as exc:
            raise unavailable(self._path, exc) from exc
        if status >= HTTPStatus.BAD_REQUEST:
            raise refusal(status, content)
        return content

    def _send(
        self, method: str, path: str, params: Params, body: Mapping[str, Any] | None, patience: float
    ) -> tuple[int, bytes]:
        if self._closed:
            raise ConnectionAbortedError("closed while it waited for its turn")
        options: dict[str, Any] = {"params": params, "timeout": (_CONNECT_TIMEOUT, patience)}
        if body is not None:
            options |= {"data": json.dumps(body), "headers": {"Content-Type": "application/json"}}
        response = getattr(self._client, method.lower())(path, **options)
        return response.status_code, response.content


class PodmanStream:
    """One long answer, read by a thread of its own into a bounded buffer."""

    def __init__(
        self, service: Path, method: str, path: str, params: Params, headers: Mapping[str, Any]
    ) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._lock = threading.Condition()
        self._buffer = bytearray()
        self._failure: Exception | None = None
        self._ended = False
        self._closed = False
        self._socket: socket.socket | None = None
        call = functools.partial(self._run, method, path, params, headers)
        threading.Thread(target=call, name=f"podman {method} {path}", daemon=True).start()

    async def read(self) -> bytes:
        """Give what has come, at least one byte; nothing at the end, also when the service goes away midway.

        Raises RuntimeUnavailable when it cannot be reached, PodmanRefusal when it answers with an error.
        """
        while True:
            await self._ready.wait()
            with self._lock:
                data = bytes(self._buffer)
                self._buffer.clear()
                self._ready.clear()
                if self._ended:
                    self._ready.set()
                self._lock.notify()
                failure, ended = self._failure, self._ended
            if data:
                return data
            if isinstance(failure, RuntimeFault):
                raise failure
            if failure is not None:
                raise unavailable(self._service, failure) from failure
            if ended:
                return b""

    def close(self) -> None:
        """Hang up; safe from any thread and any number of times."""
        with self._lock:
            self._closed = True
            self._lock.notify()
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _run(self, method: str, path: str, params: Params, headers: Mapping[str, Any]) -> None:
        failure: Exception | None = None
        try:
            with _client(self._service, timeout=None, connections=1) as client:
                _announce_connections(client, self._connected)
                send = getattr(client, method.lower())
                response = send(
                    path, params=params, headers=headers, stream=True, timeout=(_CONNECT_TIMEOUT, None)
                )
                _raise_for_refusal(response)
                for chunk in response.iter_content(None):
                    if not self._put(chunk):
                        break
        except Exception as exc:  # noqa: BLE001 - urllib3 stumbles in many ways when its socket is shut down
            failure = exc
        finally:
            self._finish(failure)

    def _connected(self, sock: socket.socket) -> None:
        with self._lock:
            self._socket = sock
            if self._closed:
                raise ConnectionAbortedError("closed")

    def _put(self, chunk: bytes) -> bool:
        with self._lock:
            self._lock.wait_for(lambda: self._closed or len(self._buffer) < _BUFFER)
            if self._closed:
                return False
            wake = not self._buffer
            self._buffer += chunk
        if wake:
            self._wake()
        return True

    def _finish(self, failure: Exception | None) -> None:
        with self._lock:
            self._ended = True
            broken_off = self._socket is not None and not isinstance(failure, RuntimeFault)
            self._failure = None if self._closed or broken_off else failure
            self._socket = None
        self._wake()

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._ready.set)


def unavailable(service: Path, exc: Exception) -> RuntimeUnavailable:
    """Say in one line why the service cannot be reached: the system's word for it, below the libraries'."""
    reason, link = str(exc), exc.__cause__ or exc.__context__
    while link is not None:
        if isinstance(link, OSError | HTTPException):
            reason = getattr(link, "strerror", None) or str(link) or reason
        link = link.__cause__ or link.__context__
    return RuntimeUnavailable(f"cannot reach Podman at {service}: {reason}")


def _raise_for_refusal(response: APIResponse) -> None:
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        raise refusal(response.status_code, response.content)


def _client(service: Path, *, timeout: float | None, connections: int) -> APIClient:
    return APIClient(
        base_url=f"http+unix://{service}", version=API_VERSION, timeout=timeout, max_pool_size=connections
    )


def _announce_connections(client: APIClient, connected: Callable[[Any], None]) -> None:
    """Hand out each new connection's socket.

    Only its owner's ``shutdown`` wakes a thread that waits for the answer's first byte, which the service
    may send much later, and neither requests nor urllib3 gives it out before that.
    """

    class Connection(UDSConnection):
        def connect(self) -> None:
            super().connect()
            connected(self.sock)

    class Pool(UDSConnectionPool):
        ConnectionCls = Connection

    adapter: Any = client.get_adapter("http://")
    adapter.poolmanager.pool_classes_by_scheme = {"http": Pool}


def _plain(params: Params) -> dict[str, Any]:
    """Encode query parameters as Podman reads them: filters as JSON, booleans in lower case, no None."""
    plain: dict[str, Any] = {}
    for key, value in params.items():
        match value:
            case None:
                continue
            case bool():
                plain[key] = "true" if value else "false"
            case dict():
                plain[key] = json.dumps(value)
            case _:
                plain[key] = value
    return plain
