"""Waiting for the state of the world, with a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LIMIT = 30.0
"""Seconds, real or virtual, after which a test has failed."""


async def eventually(condition: Callable[[], object], limit: float = LIMIT) -> None:
    """Return once the condition holds; raises TimeoutError."""
    async with asyncio.timeout(limit):
        while not condition():  # noqa: ASYNC110 - the state of the world has no event to wait for
            await asyncio.sleep(0.005)
