"""A process is one group of named, eternal tasks: when one ends, the process ends and systemd restarts it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

logger = logging.getLogger(__name__)


Start = Callable[[], Coroutine[Any, Any, object]]
Components = Mapping[str, Start]
"""Eternal tasks by name, not yet started: a start that fails half-way leaves none of them behind."""


class ComponentEnded(RuntimeError):
    """A task that must run for ever came to an end."""


async def run_forever(components: Components, stop: asyncio.Event) -> None:
    """Run components until ``stop`` is set (returns) or one of them ends (raises).

    On both ways out the others are cancelled and awaited.
    """
    tasks = [asyncio.create_task(start(), name=name) for name, start in components.items()]
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            logger.error("component ended: %s", task.get_name())
            task.result()
            raise ComponentEnded(f"{task.get_name()} ended")
    finally:
        for task in (*tasks, stopping):
            task.cancel()
        await asyncio.gather(*tasks, stopping, return_exceptions=True)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set ``stop`` on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
