"""Choosing a node by looking at nodes: at all, or, in a large cluster, at enough of them.

This is the plain form of the decision. For pods that come in numbers, :mod:`~edgeorch_server.scheduler.ranking`
keeps its results instead of making them anew; both give a node of the same score.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgeorch_server.scheduler.framework import Placement, Refusal, Rejected, Tally
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.prepared import Prepared

FEWEST_FEASIBLE = 100
LEAST_PERCENT = 5
"""kube-scheduler's ``minFeasibleNodesToFind`` and ``minFeasibleNodesPercentageToFind``."""


def enough(nodes: int) -> int:
    """Say how many possible nodes are choice enough (``numFeasibleNodesToFind``).

    ``percentageOfNodesToScore`` is Kubernetes' default: 50 % less one for every 125 nodes, at least 5 %.
    """
    if nodes < FEWEST_FEASIBLE:
        return nodes
    percent = max(50 - nodes // 125, LEAST_PERCENT)
    return max(nodes * percent // 100, FEWEST_FEASIBLE)


def place(prepared: Prepared, nodes: Sequence[NodeInfo], wanted: int) -> tuple[Placement | Rejected, int]:
    """Choose the best of the first ``wanted`` possible nodes; says too how many were looked at.

    Equal scores go to the node with fewer pods, then to the first by name: the same cluster always gets the
    same answer.
    """
    refusals: dict[str, Refusal] = {}
    feasible: list[NodeInfo] = []
    looked = 0
    for node in nodes:
        looked += 1
        refusal = prepared.refusal(node)
        if refusal is not None:
            refusals[node.name] = refusal
            continue
        feasible.append(node)
        if len(feasible) >= wanted:
            break
    if not feasible:
        return Rejected(refusals, Tally.of(refusals.values()), len(nodes)), looked
    return _best(prepared, feasible), looked


def _best(prepared: Prepared, feasible: Sequence[NodeInfo]) -> Placement:
    if len(feasible) == 1:
        return Placement(feasible[0].name)
    raw = [prepared.scores(node) for node in feasible]
    bounds = prepared.bounds()
    for scores in raw:
        for score, bound in zip(scores, bounds, strict=True):
            if bound is not None and score is not None:
                bound.add(score)
    rank = min(
        (-prepared.total(scores, bounds), len(node.pods), node.name)
        for scores, node in zip(raw, feasible, strict=True)
    )
    return Placement(rank[-1], -rank[0])
