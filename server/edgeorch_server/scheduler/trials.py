"""What removing pods from nodes would bring, remembered per shape of pod until a node changes.

Pods that preempt come in numbers: the replicas of one important Deployment, each of which asks the same nodes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.following import Following
from edgeorch_server.scheduler.framework import Profile, Refusal
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.shape import Kin, PodInfo, Shape
from edgeorch_server.scheduler.victims import Budget, Victims, victims_on

MAX_SHAPES = 16
"""Shapes whose outcomes are remembered: at 5,000 nodes, 0.5 kB each, no more than 40 MB in all."""


class Trial:
    """The outcomes for one shape, of the nodes that were asked about."""

    def __init__(self, shape: Shape, cluster: Cluster, profile: Profile) -> None:
        self._cluster = cluster
        # A pod that wants to be near its like may be the first of them. Whether it would be, once some have
        # left a node, is up to all other nodes.
        self._all_nodes_count = bool(shape.affinity)
        self._following = Following(shape, cluster, profile)
        self._budgets: Sequence[Budget] = ()
        self._outcomes: dict[str, Victims | Refusal] = {}

    def catch_up(self, budgets: Sequence[Budget]) -> None:
        """Forget what does not hold any more."""
        stale = self._following.catch_up()
        if stale is None or budgets != self._budgets or (stale.nodes and self._all_nodes_count):
            self._budgets = budgets
            self._outcomes.clear()
            return
        for name in stale.names(self._cluster):
            self._outcomes.pop(name, None)

    def outcome(self, pod: PodInfo, node: NodeInfo) -> Victims | Refusal:
        """Say who would have to leave a node for a pod of this shape, or why that would not help."""
        if pod.uid in node.nominated:  # its own nomination is in the way of all pods but itself
            return victims_on(self._following.prepared, pod, node, self._budgets)
        outcome = self._outcomes.get(node.name)
        if outcome is None:
            outcome = victims_on(self._following.prepared, pod, node, self._budgets)
            self._outcomes[node.name] = outcome
        return outcome


class Trials:
    """Keeps the outcomes for the shapes that came last."""

    def __init__(self, cluster: Cluster, profile: Profile) -> None:
        self._cluster = cluster
        self._profile = profile
        self._trials: OrderedDict[Shape | Kin, Trial] = OrderedDict()

    def of(self, shape: Shape, budgets: Sequence[Budget]) -> Trial:
        """Give what is known for a shape as things are now."""
        key = self._cluster.likeness(shape)
        trial = self._trials.get(key)
        if trial is None:
            trial = self._trials[key] = Trial(shape, self._cluster, self._profile)
            if len(self._trials) > MAX_SHAPES:
                self._trials.popitem(last=False)
        self._trials.move_to_end(key)
        trial.catch_up(budgets)
        return trial
