"""All plugins of a profile, prepared for one shape of pod."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import NodeFilter, NodeScore, Normalize, Place, Profile, Refusal, Wide
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.shape import PodInfo, Shape

RawScores = tuple[int | None, ...]
"""One score per plugin, not normalized yet."""


class Bounds:
    """Lowest and highest of a changing collection of scores; 0 and 0 without any."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.low = self.high = 0

    def add(self, score: int) -> None:
        """Take a score in."""
        self._counts[score] += 1
        if self._counts[score] == 1:
            self._measure()

    def remove(self, score: int) -> None:
        """Take a score out."""
        self._counts[score] -= 1
        if not self._counts[score]:
            del self._counts[score]
            self._measure()

    def _measure(self) -> None:
        self.low, self.high = min(self._counts, default=0), max(self._counts, default=0)


class Prepared:
    """Asks every plugin that has something to say about a shape."""

    def __init__(self, shape: Shape, cluster: Cluster, profile: Profile) -> None:
        self.shape = shape
        self._filters: list[NodeFilter] = [
            check for plugin in profile.filters if (check := plugin.prepare(shape, cluster)) is not None
        ]
        self._scores: list[NodeScore] = []
        self._weights: list[tuple[int, Normalize | None]] = []
        for plugin, weight in profile.scores:
            score = plugin.prepare(shape, cluster)
            if score is not None:
                self._scores.append(score)
                self._weights.append((weight, plugin.normalize))
        parts: list[object] = [*self._filters, *self._scores]
        self._wide = [part for part in parts if isinstance(part, Wide)]

    @property
    def is_wide(self) -> bool:
        """Whether pods on other nodes matter."""
        return bool(self._wide)

    def refusal(self, node: NodeInfo) -> Refusal | None:
        """Say why the pod cannot go to a node.

        Pods that were nominated for the node and are at least as important count as if they were there. The
        pod must also fit without them: they may never come (``RunFilterPluginsWithNominatedPods``).
        """
        if node.nominated:
            rivals = [pod for pod in node.nominated.values() if pod.shape.priority >= self.shape.priority]
            if rivals and (why := self._refusal_beside(rivals, node)):
                return why
        for check in self._filters:
            why = check(node)
            if why is not None:
                return why
        return None

    def scores(self, node: NodeInfo) -> RawScores:
        """Ask all scores about a node."""
        return tuple([score(node) for score in self._scores])

    def bounds(self) -> list[Bounds | None]:
        """Make empty bounds, one for every score that is normalized."""
        return [Bounds() if normalize else None for _, normalize in self._weights]

    def total(self, scores: RawScores, bounds: Sequence[Bounds | None]) -> int:
        """Add up the weighted scores."""
        total = 0
        for score, (weight, normalize), bound in zip(scores, self._weights, bounds, strict=True):
            if score is None:
                continue
            total += weight * (
                score if normalize is None or bound is None else normalize(score, bound.low, bound.high)
            )
        return total

    def moved(self, pod: PodInfo, node: NodeInfo, by: int) -> Iterable[Place]:
        """Tell all wide plugins of a pod that came or went; gives the places that this may concern."""
        return [place for part in self._wide for place in part.moved(pod, node, by)]

    def _refusal_beside(self, rivals: Sequence[PodInfo], node: NodeInfo) -> Refusal | None:
        crowded = node.copy()
        crowded.nominated.clear()
        for pod in rivals:
            crowded.add(pod)
            self.moved(pod, crowded, 1)
        try:
            return self.refusal(crowded)
        finally:
            for pod in rivals:
                self.moved(pod, crowded, -1)
