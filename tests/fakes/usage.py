"""Nodes that say what a test wants them to: for whoever asks what pods use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from edgeorch.errors import ServiceUnavailable
from edgeorch_server.registry.base import ContainerStats, NodeStats

WINDOW = dt.timedelta(seconds=15)


class Meters:
    """One node, ``pi``, that measures what ``cores`` says its pods use."""

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        self._now = now
        self.cores: dict[str, Mapping[str, float]] = {}
        """Pod's uid -> container's name -> processors."""
        self.asked = 0
        self.silent = False

    async def stats(self, node: str) -> NodeStats:
        self.asked += 1
        if self.silent or node != "pi":
            raise ServiceUnavailable(f"node {node} is not connected")
        pods = {
            uid: {name: ContainerStats(round(used * 1e9), 1 << 20) for name, used in containers.items()}
            for uid, containers in self.cores.items()
        }
        return NodeStats(self._now(), WINDOW, ContainerStats(10**9, 1 << 30), pods)
