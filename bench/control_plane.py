"""The real control plane in a process of its own, on free ports of loopback."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.etcd import ServerTls
from bench.http import Connection
from edgeorch.cli.access import AccessError, load_access
from tests.fakes.mosquitto import free_port

_START_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A control plane that runs, and the administrator's way in."""

    pid: int
    port: int
    tls: ssl.SSLContext
    server_tls: ServerTls
    """Its own certificate, so that a baseline can show the same."""

    async def connect(self) -> Connection:
        """Open a connection to its API."""
        return await Connection.open(self.port, self.tls)


@asynccontextmanager
async def control_plane(folder: Path) -> AsyncIterator[ControlPlane]:
    """Run ``edgeorch server`` with its data in ``folder``; raises RuntimeError when it does not start."""
    port = free_port()
    flags = [f"--data-dir={folder}", "--api-host=127.0.0.1", f"--api-port={port}"]
    flags += ["--mqtt-host=127.0.0.1", f"--mqtt-port={free_port()}"]
    log = folder.with_suffix(".log")
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "edgeorch_server", *flags),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        async with asyncio.timeout(_START_WITHIN):
            while (tls := await _ready(folder / "kubeconfig", port)) is None:
                if process.returncode is not None:
                    raise RuntimeError(f"the control plane does not start: {log.read_text()[-500:]}")
                await asyncio.sleep(0.1)
        pki = folder / "pki"
        yield ControlPlane(process.pid, port, tls, ServerTls(pki / "server.crt", pki / "server.key"))
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _ready(kubeconfig: Path, port: int) -> ssl.SSLContext | None:
    with suppress(AccessError, OSError, RuntimeError, asyncio.IncompleteReadError):
        tls = load_access(kubeconfig).ssl_context()
        connection = await Connection.open(port, tls)
        try:
            # Pods need it; a controller makes it soon after the start.
            await connection.request("GET", "/api/v1/namespaces/default/serviceaccounts/default")
        finally:
            connection.close()
        return tls
    return None
