"""A private etcd on loopback, and the least a client of its HTTP gateway needs."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path


def etcd_binary() -> str | None:
    """Find etcd (Debian: ``etcd-server``)."""
    return shutil.which("etcd")


@contextlib.asynccontextmanager
async def running_etcd(binary: str, folder: Path) -> AsyncIterator[int]:
    """Run etcd with its data in ``folder``; gives its port."""
    port, peer_port = _free_port(), _free_port()
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    command = [
        *(binary, "--name=bench", f"--data-dir={folder}", "--log-level=error"),
        *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
        *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
        f"--initial-cluster=bench={peer}",
    ]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(30):
            while not await _healthy(port):  # noqa: ASYNC110 - another process, there is no event
                await asyncio.sleep(0.1)
        yield port
    finally:
        process.terminate()
        await process.wait()


class EtcdConnection:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> EtcdConnection:
        """Connect to an etcd on this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def put(self, key: bytes, value: bytes) -> None:
        """Write one key; returns once etcd has it on its disk."""
        pair = {"key": base64.b64encode(key).decode(), "value": base64.b64encode(value).decode()}
        body = json.dumps(pair).encode()
        head = b"POST /v3/kv/put HTTP/1.1\r\nHost: etcd\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._writer.write(head + body)
        status = await self._answer()
        assert status == 200, status

    async def healthy(self) -> bool:
        """Ask whether etcd has a leader."""
        self._writer.write(b"GET /health HTTP/1.1\r\nHost: etcd\r\n\r\n")
        return await self._answer() == 200

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def _answer(self) -> int:
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length:")[2].split(b"\r\n")[0]
        await self._reader.readexactly(int(length))
        return int(head.split()[1])


async def _healthy(port: int) -> bool:
    try:
        connection = await EtcdConnection.open(port)
    except OSError:
        return False
    try:
        return await connection.healthy()
    except (OSError, asyncio.IncompleteReadError):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
