"""What pods use, put together from what their nodes say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeorch_server.metrics.node_stats import NodeStatsCache
from edgeorch_server.registry.base import ContainerStats
from edgeorch_server.store.base import Entry


@dataclass(frozen=True, slots=True)
class PodUsage:
    """What one pod uses."""

    pod: Entry
    measured: dt.datetime
    """By the clock of its node."""
    window: dt.timedelta
    """The time before that over which processor time was counted."""
    containers: Mapping[str, ContainerStats]
    """By name; those that run."""


class PodUsages:
    """Asks the nodes of pods."""

    def __init__(self, stats: NodeStatsCache) -> None:
        self._stats = stats

    async def of(self, pods: Sequence[Entry]) -> Sequence[PodUsage]:
        """Give what stored pods use, in their order; those of which nothing is known are left out."""
        running = [pod for pod in pods if pod.fields.get("status.phase") == "Running"]
        nodes = await self._stats.of(pod.fields["spec.nodeName"] for pod in running)
        found = []
        for pod in running:
            stats = nodes.get(pod.fields["spec.nodeName"])
            containers = stats.pods.get(pod.uid) if stats else None
            if stats and containers:
                found.append(PodUsage(pod, stats.measured, stats.window, containers))
        return found
