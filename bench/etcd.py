"""A private etcd on loopback, and the least a client of its HTTP gateway needs."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bench.http import Connection
from tests.fakes.mosquitto import free_port


@dataclass(frozen=True, slots=True)
class ServerTls:
    """What etcd shows its clients."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Etcd:
    """An etcd that runs."""

    port: int
    tls: ssl.SSLContext | None = None

    async def connect(self) -> Connection:
        """Open a connection to it."""
        return await Connection.open(self.port, self.tls)


def etcd_binary() -> str | None:
    """Find etcd (Debian: ``etcd-server``)."""
    return shutil.which("etcd")


@contextlib.asynccontextmanager
async def running_etcd(
    binary: str, folder: Path, server: ServerTls | None = None, client: ssl.SSLContext | None = None
) -> AsyncIterator[Etcd]:
    """Run etcd with its data in ``folder``; with TLS if it is given a certificate and the clients' context."""
    etcd = Etcd(free_port(), client)
    url = f"{'https' if server else 'http'}://127.0.0.1:{etcd.port}"
    peer = f"http://127.0.0.1:{free_port()}"
    command = [
        *(binary, "--name=bench", f"--data-dir={folder}", "--log-level=error"),
        *(f"--listen-client-urls={url}", f"--advertise-client-urls={url}"),
        *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
        f"--initial-cluster=bench={peer}",
    ]
    if server:
        command += [f"--cert-file={server.certificate}", f"--key-file={server.key}"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(60):
            while not await _healthy(etcd):  # noqa: ASYNC110 (another process: there is no event)
                await asyncio.sleep(0.1)
        yield etcd
    finally:
        process.terminate()
        await process.wait()


async def put(connection: Connection, key: bytes, value: bytes) -> None:
    """Write one key; returns once etcd has it on its disk."""
    await connection.request("POST", "/v3/kv/put", _json(key=key, value=value))


async def get(connection: Connection, key: bytes) -> bytes:
    """Read one key as Kubernetes does, linearizable; gives the answer as it is."""
    return await connection.request("POST", "/v3/kv/range", _json(key=key))


async def list_prefix(connection: Connection, prefix: bytes) -> bytes:
    """Read all keys with a prefix, in one answer."""
    return await connection.request("POST", "/v3/kv/range", _json(key=prefix, range_end=_end(prefix)))


async def watch(connection: Connection, key: bytes) -> AsyncIterator[bytes]:
    """Follow one key from its beginning: a line for each change."""
    encoded = base64.b64encode(key).decode()
    body = json.dumps({"create_request": {"key": encoded, "start_revision": 1}}).encode()
    async for line in connection.lines("POST", "/v3/watch", body):
        if b'"events"' in line:
            yield line


def _json(**fields: bytes) -> bytes:
    return json.dumps({name: base64.b64encode(value).decode() for name, value in fields.items()}).encode()


def _end(prefix: bytes) -> bytes:
    return prefix[:-1] + bytes([prefix[-1] + 1])


async def _healthy(etcd: Etcd) -> bool:
    with contextlib.suppress(OSError, RuntimeError, asyncio.IncompleteReadError):
        connection = await etcd.connect()
        try:
            return b"true" in await connection.request("GET", "/health")
        finally:
            connection.close()
    return False
