"""What the agent answers to ``stats``: rates between two looks, and when it looks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from edgeorch.errors import InternalError
from edgeorch.mqtt.dispatcher import Call
from edgeorch.mqtt.messages import CallReply
from edgeorch_agent.node.load import Load
from edgeorch_agent.runtime.base import ContainerSpec, NotMeasured, RuntimeUnavailable, SandboxSpec, Usage
from edgeorch_agent.runtime.fake import FakeHost, FakeRuntime, Script
from edgeorch_agent.runtime.fake_host import wall_clock
from edgeorch_agent.stats import LONGEST_WINDOW, Sample, StatsCalls, rates

pytestmark = pytest.mark.looptime

SECOND = 10**9


def used(seconds: float, container: str = "web", uid: str = "u1", **other: Any) -> Usage:
    base = Usage(uid, container, f"{uid}/{container}", started_at=50.0, cpu_nanoseconds=0, memory_bytes=1000)
    return replace(base, cpu_nanoseconds=round(seconds * SECOND), **other)


def sample(at: float, *containers: Usage | NotMeasured, busy: float = 0) -> Sample:
    return Sample(at, 1000.0 + at, Load(round(busy * SECOND), 5000), containers)


class TestRates:
    def test_what_was_used_in_between(self) -> None:
        """Billionths of a processor, over the time between the two looks, as of the second."""
        found = rates(sample(100, used(5), busy=50), sample(110, used(10), busy=65))
        assert (found.timestamp, found.window_ms) == ("1970-01-01T00:18:30.000000Z", 10_000)
        assert (found.cpu, found.memory) == (1_500_000_000, 5000)
        assert found.pods == {"u1": {"web": [500_000_000, 1000]}}

    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            pytest.param([], [used(2, started_at=1105.0)], [200_000_000, 1000], id="started in between"),
            pytest.param(
                [used(100)],
                [used(1, container_id="next", started_at=1109.0)],
                [100_000_000, 1000],
                id="restarted: a new counter",
            ),
            pytest.param([used(5)], [used(4)], [0, 1000], id="a counter never goes back"),
            pytest.param([], [used(5)], None, id="ran before, and nobody looked"),
            pytest.param([used(5)], [NotMeasured("u1", "web")], None, id="cannot be read now"),
            pytest.param([NotMeasured("u1", "web")], [used(5)], None, id="could not be read before"),
            pytest.param([used(5)], [], None, id="has ended"),
        ],
    )
    def test_containers_that_come_and_go(
        self, before: list[Usage], after: list[Usage], expected: list[int] | None
    ) -> None:
        """All that is told was used within the window, and nothing is told that is not known."""
        found = rates(sample(100, *before), sample(110, *after))
        assert found.pods == ({} if expected is None else {"u1": {"web": expected}})

    def test_half_a_pod_is_not_told(self) -> None:
        """The sum of a pod would be wrong; other pods are not concerned."""
        others = (used(1, "side"), used(1, uid="u2"))
        found = rates(sample(100, used(1), *others), sample(110, NotMeasured("u1", "web"), *others))
        assert list(found.pods) == ["u2"]


class CountingHost(FakeHost):
    """Counts how often it was measured."""

    looks = 0

    def enter(self, verb: str) -> None:
        self.looks += verb == "usage"
        super().enter(verb)


class Board:
    """An agent's stats on a scripted runtime with one busy container."""

    def __init__(self) -> None:
        self.host = CountingHost(images=("busybox",))
        self.runtime = FakeRuntime(self.host)
        self.host.script("web", Script(cpu=0.25, memory=7000))
        self.stats = StatsCalls(self.runtime, lambda: Load(round(self._now() * SECOND), 1), now=wall_clock)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def start(self) -> Board:
        await self.runtime.create_sandbox(SandboxSpec("u1", "default", "web", "web", {}))
        made = await self.runtime.create_container("u1", ContainerSpec("web", "busybox", {}))
        await self.runtime.start_container(made.id)
        return self

    async def ask(self) -> tuple[int, object]:
        """Give the window and how long the answer took, in seconds, and check what is in it."""
        begun = self._now()
        answer = await self.stats.measure()
        assert answer.cpu == pytest.approx(SECOND, rel=1e-6)
        assert answer.pods == {"u1": {"web": [pytest.approx(SECOND / 4, rel=1e-6), 7000]}}
        return answer.window_ms // 1000, self._now() - begun


async def test_the_first_answer_takes_a_second() -> None:
    """Nobody looked before, so the board looks twice."""
    board = await Board().start()
    await asyncio.sleep(500)
    assert board.host.looks == 0
    assert await board.ask() == (1, pytest.approx(1.0))


async def test_who_asks_again_gets_what_was_used_since() -> None:
    """At once, and with one look; the window says over how long."""
    board = await Board().start()
    await board.ask()
    for _ in range(3):
        await asyncio.sleep(15)
        assert await board.ask() == (15, 0.0)
    assert board.host.looks == 5


async def test_what_is_too_long_ago_says_nothing() -> None:
    """After a pause it is measured anew."""
    board = await Board().start()
    await board.ask()
    await asyncio.sleep(LONGEST_WINDOW + 1)
    assert await board.ask() == (1, pytest.approx(1.0))


async def test_nobody_gets_a_window_of_nothing() -> None:
    """Several who ask at once are served one after the other, a second each at least."""
    board = await Board().start()
    answers = await asyncio.gather(board.ask(), board.ask(), board.ask())
    assert [window for window, _ in answers] == [1, 1, 1]


async def test_the_call() -> None:
    """The reply carries the numbers and the board's own time; a silent runtime is an error of the node's."""
    board = await Board().start()
    sent: list[CallReply] = []

    async def reply(answer: CallReply) -> None:
        sent.append(answer)

    await board.stats.serve(Call("stats", {}, None, reply))
    assert sent[0].result["window_ms"] == 1000
    assert sent[0].result["timestamp"].startswith("2025-06-15T")
    board.host.fail("usage", RuntimeUnavailable("gone"))
    with pytest.raises(InternalError, match="cannot measure: gone"):
        await board.stats.serve(Call("stats", {}, None, reply))
