"""How a daemon's process begins and ends: settings, logging, signals, systemd, exit codes."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable

from edgeorch import logs
from edgeorch.errors import UserError
from edgeorch.sdnotify import Notifier
from edgeorch.tasks import stop_on_signals

logger = logging.getLogger(__name__)

FAILED = 1
"""systemd starts the daemon again: a port that is taken or a disk that is full may not stay so."""
STAY_DOWN = 78
"""EX_CONFIG of sysexits(3): systemd units do not restart on it (``RestartPreventExitStatus``)."""

Main = Callable[[asyncio.Event, asyncio.Event], Awaitable[None]]
"""A daemon's life, given the events *stop* (somebody wants it to end) and *ready* (it sets that)."""


def run_daemon(start: Callable[[], tuple[Main, str, str]], *, fast_loop: bool = False) -> int:
    """Run a daemon to its end and give the exit code.

    ``start`` reads the settings and gives the daemon with its log level and form; a
    :class:`~edgeorch.errors.UserError` of it or of the daemon's start is one line on stderr. ``fast_loop``
    uses uvloop.
    """
    try:
        main, level, form = start()
        logs.configure(level, "json" if form == "json" else "text")
        if fast_loop:
            import uvloop  # noqa: PLC0415 (only the server has it)

            uvloop.run(_live(main))
        else:
            asyncio.run(_live(main))
    except UserError as exc:
        print(f"error: {exc}", file=sys.stderr)  # noqa: T201 (the one line for a person)
        return STAY_DOWN if exc.permanent else FAILED
    except KeyboardInterrupt:
        return 0
    except Exception:
        logger.exception("ended by an error")
        return FAILED
    return 0


async def _live(main: Main) -> None:
    stop, ready = asyncio.Event(), asyncio.Event()
    stop_on_signals(stop)
    notifier = Notifier()
    helpers = [asyncio.create_task(notifier.watchdog()), asyncio.create_task(_tell(notifier, stop, ready))]
    try:
        await main(stop, ready)
    finally:
        for task in helpers:
            task.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)


async def _tell(notifier: Notifier, stop: asyncio.Event, ready: asyncio.Event) -> None:
    await ready.wait()
    notifier.send("READY=1")
    await stop.wait()
    notifier.send("STOPPING=1")
