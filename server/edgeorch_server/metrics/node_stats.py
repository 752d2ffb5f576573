"""Asks nodes what they use, at most once in a while each, whoever and however many want to know.

An answer costs the node a look at all its containers and the link a few kilobytes, so one is good for some
seconds, and so is the lack of one: a node that does not answer does not make everybody wait again and again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping

from edgeorch.errors import ApiError
from edgeorch_server.registry.base import NodeMeters, NodeStats

logger = logging.getLogger(__name__)

FRESH = 10.0
"""Seconds an answer is good for: less than autoscalers wait between two questions."""
PATIENCE = 5.0
"""Seconds a node has to answer; it measures for one of them."""


class NodeStatsCache:
    """The answers of the last seconds, and the questions that are on their way."""

    def __init__(self, meters: NodeMeters, *, fresh: float = FRESH, patience: float = PATIENCE) -> None:
        self._meters = meters
        self._fresh = fresh
        self._patience = patience
        self._answers: dict[str, asyncio.Task[NodeStats | None]] = {}

    async def of(self, nodes: Iterable[str]) -> Mapping[str, NodeStats]:
        """Give what these nodes use; one that does not answer is missing."""
        names = tuple(dict.fromkeys(nodes))
        # Whoever asked first may go away: the others still wait for the same answer.
        answers = await asyncio.gather(*(asyncio.shield(self._answer(name)) for name in names))
        return {name: stats for name, stats in zip(names, answers, strict=True) if stats is not None}

    def _answer(self, node: str) -> asyncio.Task[NodeStats | None]:
        known = self._answers.get(node)
        if known is None:
            known = self._answers[node] = asyncio.create_task(self._ask(node), name=f"stats-of-{node}")
        return known

    async def _ask(self, node: str) -> NodeStats | None:
        try:
            async with asyncio.timeout(self._patience):
                return await self._meters.stats(node)
        except (ApiError, TimeoutError) as exc:
            logger.debug("node %s does not say what it uses: %s", node, exc)
            return None
        finally:
            asyncio.get_running_loop().call_later(self._fresh, self._answers.pop, node, None)
