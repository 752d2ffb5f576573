"""Serves the ``stats`` call: what the board and its containers use.

A rate takes two looks at counters. The agent looks when it is asked, and never by itself: who asks every few
seconds (an autoscaler) gets what was used since the time before, and who asks now and then gets a second's
worth, measured while they wait. So a board that nobody asks about spends nothing.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgeorch.api.meta import format_micro_time
from edgeorch.errors import InternalError
from edgeorch.mqtt.dispatcher import Call
from edgeorch.mqtt.messages import StatsReply
from edgeorch_agent.node.load import Load
from edgeorch_agent.runtime.base import NotMeasured, Runtime, RuntimeFault, Usage

SHORTEST_WINDOW = 1.0
"""Seconds: over less, one tick of the board's clock more or less would make the rate."""
LONGEST_WINDOW = 90.0
"""Seconds after which an earlier look says nothing of the present any more."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at all counters."""

    at: float
    """Seconds of the loop's clock."""
    wall: float
    """The same moment in seconds since the epoch, as the board's clock has it."""
    node: Load
    containers: Sequence[Usage | NotMeasured]


def rates(before: Sample, after: Sample) -> StatsReply:
    """Give what was used between two looks.

    A container that was started in between has used all of its time since; one that was there before and was
    not measured has a share that nobody knows. A pod with such a container is left out: its sum would be wrong.
    """
    seconds = after.at - before.at
    earlier = {one.container_id: one.cpu_nanoseconds for one in before.containers if isinstance(one, Usage)}
    pods: dict[str, dict[str, list[int]]] = {}
    incomplete: set[str] = set()
    for one in after.containers:
        used = _used(one, earlier, before.wall)
        if used is None or isinstance(one, NotMeasured):
            incomplete.add(one.uid)
        else:
            pods.setdefault(one.uid, {})[one.container] = [round(used / seconds), one.memory_bytes]
    return StatsReply(
        timestamp=format_micro_time(dt.datetime.fromtimestamp(after.wall, dt.UTC)),
        window_ms=round(seconds * 1000),
        cpu=round(max(0, after.node.cpu_nanoseconds - before.node.cpu_nanoseconds) / seconds),
        memory=after.node.memory_bytes,
        pods={uid: containers for uid, containers in pods.items() if uid not in incomplete},
    )


def _used(one: Usage | NotMeasured, earlier: Mapping[str, int], begin: float) -> int | None:
    """Give the nanoseconds on processors since ``begin``."""
    if isinstance(one, NotMeasured):
        return None
    if one.container_id in earlier:
        return max(0, one.cpu_nanoseconds - earlier[one.container_id])
    return one.cpu_nanoseconds if one.started_at >= begin else None


class StatsCalls:
    """The handler of ``stats`` calls; it keeps the last look."""

    def __init__(self, runtime: Runtime, load: Callable[[], Load], *, now: Callable[[], float]) -> None:
        """``load`` reads the board's counters, ``now`` gives seconds since the epoch."""
        self._runtime = runtime
        self._load = load
        self._now = now
        self._last: Sample | None = None
        self._measuring = asyncio.Lock()

    async def serve(self, call: Call) -> None:
        """Answer a :class:`~edgeorch.mqtt.messages.StatsReply`."""
        try:
            reply = await self.measure()
        except (RuntimeFault, OSError, ValueError) as exc:
            raise InternalError(f"cannot measure: {exc}") from exc
        await call.accept(reply.to_dict())

    async def measure(self) -> StatsReply:
        """Measure since the last time, or for a second where that was too long ago. One caller at a time."""
        clock = asyncio.get_running_loop().time
        async with self._measuring:
            before = self._last
            if before is None or clock() - before.at > LONGEST_WINDOW:
                before = self._last = await self._sample()
            await asyncio.sleep(max(0.0, before.at + SHORTEST_WINDOW - clock()))
            after = self._last = await self._sample()
            return rates(before, after)

    async def _sample(self) -> Sample:
        """Look; the time is that of the counters, not of the question what runs."""
        containers = await self._runtime.usage()
        return Sample(asyncio.get_running_loop().time(), self._now(), self._load(), containers)
