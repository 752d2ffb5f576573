"""Real Mosquittos for tests: the product's own managed one, and a plain one that lets anybody in."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
from pathlib import Path

import pytest

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


def free_port() -> int:
    """Find a TCP port on loopback that nobody uses right now.

    It lies below those that the kernel gives to outgoing connections: one of these could take it while the
    process that listens on it is being restarted.
    """
    first_ephemeral = int(_EPHEMERAL.read_text().split()[0])
    while True:
        port = random.randrange(first_ephemeral // 2, first_ephemeral)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def mosquitto_binary() -> str:
    """Find Mosquitto; without it, skip on a contributor's laptop and fail in CI."""
    path = shutil.which("mosquitto", path=SEARCH_PATH)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("mosquitto is not installed")
        pytest.skip("mosquitto is not installed")
    return path


class PlainMosquitto:
    """A broker without TLS and access list, in memory only."""

    def __init__(self, folder: Path) -> None:
        self._binary = mosquitto_binary()
        self._conf = folder / "plain.conf"
        self.port = free_port()
        self._conf.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest stderr\n"
            f"max_packet_size 1000000\nset_tcp_nodelay true\nuser root\n"
        )
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = process = await asyncio.create_subprocess_exec(
            self._binary, "-c", str(self._conf), stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr is not None
        async with asyncio.timeout(15):
            async for line in process.stderr:
                if b"running" in line:
                    break
            else:
                raise AssertionError("mosquitto did not start")
        self._drain = asyncio.create_task(process.stderr.read())

    async def kill(self) -> None:
        """Kill it with SIGKILL."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()
