"""How often nodes are asked, and what becomes of those that do not answer."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter

import pytest

from edgeorch.errors import ServiceUnavailable
from edgeorch_server.metrics.node_stats import FRESH, PATIENCE, NodeStatsCache
from edgeorch_server.registry.base import ContainerStats, NodeStats

pytestmark = pytest.mark.looptime

MEASURED = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


class Nodes:
    """Nodes that take a second to answer, but for one that is away and one that never does."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    async def stats(self, node: str) -> NodeStats:
        self.asked[node] += 1
        if node == "away":
            raise ServiceUnavailable("away")
        await asyncio.sleep(1 if node != "frozen" else 3600)
        return NodeStats(MEASURED, dt.timedelta(seconds=1), ContainerStats(self.asked[node], 2), {})


async def test_many_who_ask_share_an_answer() -> None:
    """Those who ask while the node measures, and those who ask in the seconds after."""
    nodes = Nodes()
    cache = NodeStatsCache(nodes)
    answers = await asyncio.gather(*(cache.of(["pi"]) for _ in range(10)))
    await asyncio.sleep(FRESH - 2)
    answers.append(await cache.of(["pi", "pi"]))
    assert nodes.asked == {"pi": 1}
    assert [answer["pi"].total.cpu_nanocores for answer in answers] == [1] * 11
    await asyncio.sleep(2)
    assert (await cache.of(["pi"]))["pi"].total.cpu_nanocores == 2


async def test_who_does_not_answer_is_missing() -> None:
    """Without holding up the others longer than need be, and without being asked again at once."""
    nodes = Nodes()
    cache = NodeStatsCache(nodes)
    begun = asyncio.get_running_loop().time()
    assert list(await cache.of(["frozen", "pi", "away"])) == ["pi"]
    assert asyncio.get_running_loop().time() - begun == PATIENCE
    assert list(await cache.of(["frozen", "pi", "away"])) == ["pi"]
    assert asyncio.get_running_loop().time() - begun == PATIENCE
    assert nodes.asked == {"frozen": 1, "pi": 1, "away": 1}


async def test_who_asked_first_may_go_away() -> None:
    """A client that hangs up does not take the answer from the others."""
    cache = NodeStatsCache(Nodes())
    first = asyncio.create_task(cache.of(["pi"]))
    await asyncio.sleep(0.5)
    second = asyncio.create_task(cache.of(["pi"]))
    await asyncio.sleep(0)
    first.cancel()
    assert list(await second) == ["pi"]


async def test_answers_are_let_go() -> None:
    """What nobody asks for any more takes no memory."""
    cache = NodeStatsCache(Nodes())
    await cache.of(["pi", "away"])
    await asyncio.sleep(FRESH + 1)
    assert not cache._answers
