"""Tell systemd how we are (sd_notify(3)): ready, stopping, and alive for the watchdog.

A dozen lines over a datagram socket; the packages for it are unmaintained.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping


class Notifier:
    """Sends to ``NOTIFY_SOCKET``; does nothing outside systemd."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        for_us = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_seconds = int(environ.get("WATCHDOG_USEC", "0")) / 1_000_000 if for_us else 0.0
        """Seconds within which systemd wants a sign of life; 0 when it does not."""

    def send(self, state: str) -> None:
        """Send one state such as ``READY=1``; a lost notification is no error."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            try:
                sock.sendto(state.encode(), self._address)
            except OSError:
                return

    async def watchdog(self) -> None:
        """Feed the watchdog from the event loop for ever: a loop that hangs is restarted by systemd."""
        if not self.watchdog_seconds:
            await asyncio.Event().wait()
        while True:
            self.send("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_seconds / 3)
