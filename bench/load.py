"""Load on a server, and what became of it."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.http import Connection

Request = Callable[[Connection, int], Awaitable[object]]
"""Sends the request with this number, and waits for its answer."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long requests took, in milliseconds, and how many there were in a second."""

    each: tuple[float, ...]
    rate: float

    @property
    def p50(self) -> float:
        """The median."""
        return percentile(self.each, 50)

    @property
    def p99(self) -> float:
        """What one in a hundred exceeded."""
        return percentile(self.each, 99)


async def send(connections: Sequence[Connection], request: Request, *, count: int, seconds: float) -> Times:
    """Let each connection send one request after the other: so many in all, or until the time is over."""
    numbers = iter(range(count))
    times: list[float] = []
    begin = time.perf_counter()

    async def one(connection: Connection) -> None:
        for number in numbers:
            sent = time.perf_counter()
            if sent > begin + seconds:
                return
            await request(connection, number)
            times.append((time.perf_counter() - sent) * 1000)

    await asyncio.gather(*(one(connection) for connection in connections))
    return Times(tuple(times), len(times) / (time.perf_counter() - begin))


def joined(rounds: Sequence[Times]) -> Times:
    """Put the rounds of a measurement together: all times, and the median of the rates."""
    each = tuple(itertools.chain.from_iterable(times.each for times in rounds))
    return Times(each, statistics.median(times.rate for times in rounds))


def steady_rate(moments: Sequence[float], windows: int = 20) -> float:
    """Give how many things are done in a second, from the start and the moment at which each was done.

    It is the lower quartile of the time that windows of as many things each took: what a machine does beside
    only adds time, and a virtual one may be halted for most of it. Of things that come in batches, a window
    must hold several.
    """
    each = max((len(moments) - 1) // windows, 1)
    took = [later - sooner for sooner, later in zip(moments[::each], moments[each::each], strict=False)]
    return each / percentile(took, 25)


def percentile(values: Sequence[float], percent: float) -> float:
    """Give the value that ``percent`` of a hundred do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
