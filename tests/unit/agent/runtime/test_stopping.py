"""Ending containers: who has least patience decides."""

from __future__ import annotations

import asyncio

import pytest

from edgeorch_agent.runtime.base import RuntimeFault, RuntimeUnavailable
from edgeorch_agent.runtime.stopping import Stops

pytestmark = pytest.mark.looptime


class Process:
    """A process that obeys SIGTERM after some seconds, or never."""

    def __init__(self, *, obeys_after: float | None = None, immortal: bool = False) -> None:
        self.signals: list[tuple[float, str]] = []
        self.fault: RuntimeFault | None = None
        self._obeys_after = obeys_after
        self._immortal = immortal
        self._ended = asyncio.Event()

    async def signal(self, _: str, name: str) -> None:
        if self.fault:
            raise self.fault
        loop = asyncio.get_running_loop()
        self.signals.append((loop.time(), name))
        if name == "KILL" and not self._immortal:
            self._ended.set()
        elif self._obeys_after is not None:
            loop.call_later(self._obeys_after, self._ended.set)

    async def ended(self, _: str) -> None:
        await self._ended.wait()


@pytest.mark.parametrize(
    ("obeys_after", "graces", "signals", "took"),
    [
        pytest.param(2, [(0, 30)], [(0, "")], 2, id="obeys"),
        pytest.param(None, [(0, 30)], [(0, ""), (30, "KILL")], 30, id="is killed"),
        pytest.param(None, [(0, 0)], [(0, "KILL")], 0, id="no grace"),
        pytest.param(None, [(0, 30), (5, 10)], [(0, ""), (15, "KILL")], 15, id="shortened later"),
        pytest.param(None, [(0, 30), (5, 0)], [(0, ""), (5, "KILL")], 5, id="shortened to nothing"),
        pytest.param(None, [(0, 10), (5, 30)], [(0, ""), (10, "KILL")], 10, id="not lengthened"),
    ],
)
async def test_the_shortest_grace_wins(
    obeys_after: float | None,
    graces: list[tuple[float, float]],
    signals: list[tuple[float, str]],
    took: float,
) -> None:
    """One stop signal, whatever the number of callers, and SIGKILL at the earliest deadline."""
    process = Process(obeys_after=obeys_after)
    stops = Stops(process.signal, process.ended)

    async def call(after: float, grace: float) -> None:
        await asyncio.sleep(after)
        await stops.stop("c", grace)

    await asyncio.gather(*(call(*each) for each in graces))
    assert process.signals == signals
    assert asyncio.get_running_loop().time() == took


async def test_a_caller_that_goes_away_does_not_save_the_container() -> None:
    """The end goes on for whoever asks next, without a second stop signal."""
    process = Process()
    stops = Stops(process.signal, process.ended)
    impatient = asyncio.create_task(stops.stop("c", 30))
    await asyncio.sleep(1)
    impatient.cancel()
    await stops.stop("c", 30)
    assert process.signals == [(0, ""), (30, "KILL")]


async def test_what_survives_a_kill_is_a_fault() -> None:
    """A process in uninterruptible sleep must not hold its caller for ever."""
    process = Process(immortal=True)
    with pytest.raises(RuntimeFault, match="survives SIGKILL"):
        await Stops(process.signal, process.ended).stop("c", 0)


async def test_an_absent_service_is_reported_and_the_next_call_tries_again() -> None:
    """The fault reaches all who wait; nothing of the failed attempt remains."""
    process = Process(obeys_after=1)
    stops = Stops(process.signal, process.ended)
    process.fault = RuntimeUnavailable("away")
    results = await asyncio.gather(stops.stop("c", 30), stops.stop("c", 30), return_exceptions=True)
    assert [type(r) for r in results] == [RuntimeUnavailable, RuntimeUnavailable]
    process.fault = None
    await stops.stop("c", 30)
    assert process.signals == [(0, "")]
