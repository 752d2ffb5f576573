"""Which nodes suit one shape of pod, best first, kept up to date change by change.

The thousandth replica of a Deployment asks what the 999 before it asked, and only one node has changed since.
So the answers are kept per node: a change of one node costs one node's worth of filters and scores, whatever
the size of the cluster. Scores are normalized over all possible nodes: when the lowest or highest moves, which
is seldom, the order is made anew from the scores that are kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.following import Following
from edgeorch_server.scheduler.framework import Placement, Profile, Refusal, Rejected, Tally
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.placing import FEWEST_FEASIBLE, enough
from edgeorch_server.scheduler.prepared import RawScores
from edgeorch_server.scheduler.shape import Shape

_Rank = tuple[int, int, str]
"""Negated score, number of pods, name: the least is the best node."""

_SLACK = 4
"""How many times longer than need be the heap may grow, by entries that do not hold any more."""


class Ranking:
    """The order of all nodes for one shape.

    Invariant after :meth:`refresh`: every node is either in ``_refusals`` or has its scores in ``_scores``,
    and the best of the latter is the first in ``_heap`` that is also in ``_ranks``.
    """

    def __init__(self, shape: Shape, cluster: Cluster, profile: Profile) -> None:
        self._cluster = cluster
        self._following = Following(shape, cluster, profile)
        self.toil = 0
        """How many times in a row it had to ask about more nodes than one who looks at some would."""
        self._start()

    def best(self) -> Placement | Rejected:
        """Give the best node as things are now."""
        self.refresh()
        heap, ranks = self._heap, self._ranks
        while heap:
            rank = heap[0]
            if ranks.get(rank[2]) == rank:
                return Placement(rank[2], -rank[0])
            heapq.heappop(heap)
        return Rejected(self._refusals, self._tally, len(self._cluster.nodes))

    def refresh(self) -> None:
        """Take in what has changed since the last time."""
        stale = self._following.catch_up()
        if stale is None:
            self._start()
            return
        names = stale.names(self._cluster)
        self.toil = self.toil + 1 if len(names) > enough(len(self._cluster.nodes)) // 2 else 0
        self._ask(names)

    def _start(self) -> None:
        """Ask about every node."""
        self._prepared = self._following.prepared
        self._refusals: dict[str, Refusal] = {}
        self._tally = Tally()
        self._scores: dict[str, RawScores] = {}
        self._bounds = self._prepared.bounds()
        self._ranked_within: list[tuple[int, int]] | None = None
        self._ranks: dict[str, _Rank] = {}
        self._heap: list[_Rank] = []
        self._ask(self._cluster.nodes)

    def _ask(self, names: Collection[str]) -> None:
        """Ask about nodes that are new, changed or gone."""
        possible: list[NodeInfo] = []
        for name in names:
            self._forget(name)
            node = self._cluster.nodes.get(name)
            if node is None:
                continue
            refusal = self._prepared.refusal(node)
            if refusal is None:
                self._note(name, self._prepared.scores(node))
                possible.append(node)
            else:
                self._refusals[name] = refusal
                self._tally.add(refusal)
        if (
            self._within() != self._ranked_within
            or len(self._heap) > _SLACK * len(self._scores) + FEWEST_FEASIBLE
        ):
            self._order()
        else:
            for node in possible:
                heapq.heappush(self._heap, self._rank(node))

    def _note(self, name: str, scores: RawScores) -> None:
        self._scores[name] = scores
        for score, bound in zip(scores, self._bounds, strict=True):
            if bound is not None and score is not None:
                bound.add(score)

    def _forget(self, name: str) -> None:
        refusal = self._refusals.pop(name, None)
        if refusal is not None:
            self._tally.add(refusal, -1)
            return
        scores = self._scores.pop(name, None)
        if scores is not None:
            self._ranks.pop(name, None)
            for score, bound in zip(scores, self._bounds, strict=True):
                if bound is not None and score is not None:
                    bound.remove(score)

    def _within(self) -> list[tuple[int, int]]:
        return [(bound.low, bound.high) for bound in self._bounds if bound is not None]

    def _rank(self, node: NodeInfo) -> _Rank:
        total = self._prepared.total(self._scores[node.name], self._bounds)
        rank = self._ranks[node.name] = (-total, len(node.pods), node.name)
        return rank

    def _order(self) -> None:
        """Make the order anew from the scores."""
        self._ranked_within = self._within()
        nodes = self._cluster.nodes
        self._heap = [self._rank(nodes[name]) for name in self._scores]
        heapq.heapify(self._heap)
