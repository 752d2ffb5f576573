"""The heartbeat: a small message that says "alive, and this is what I hold"."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable

from edgeorch.errors import ApiError
from edgeorch.mqtt.bus import Bus
from edgeorch.mqtt.messages import Heartbeat


async def beat(bus: Bus, topic: str, session: str, digest: Callable[[], str], period: float) -> None:
    """Publish a heartbeat every ``period`` seconds for ever; beats without a link are skipped."""
    for number in itertools.count(1):
        if bus.connected:
            with contextlib.suppress(ApiError):  # the next one will do
                await bus.publish(topic, Heartbeat(s=session, n=number, d=digest()).encode(), qos=0)
        await asyncio.sleep(period)
