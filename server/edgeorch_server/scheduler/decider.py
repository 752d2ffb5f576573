"""Decides where a pod goes: from a ranking of its shape if there are more like it, else by looking at nodes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Placement, Profile, Refusal, Rejected, Tally
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.placing import enough, place
from edgeorch_server.scheduler.plugins.node_affinity import named_nodes
from edgeorch_server.scheduler.prepared import Prepared
from edgeorch_server.scheduler.ranking import Ranking
from edgeorch_server.scheduler.shape import PodInfo, Shape

MAX_RANKED_NODES = 200_000
"""Nodes in all rankings together: what they may take of memory, at about 300 bytes each."""

MAX_SEEN = 1024
"""Shapes that are remembered to have come once."""

UNNAMED = Refusal("NodeAffinity", ("node(s) didn't satisfy plugin(s) [NodeAffinity]",), resolvable=False)
"""What kube-scheduler says of the nodes that a pod's affinity does not name."""


class Decider:
    """Keeps rankings for the shapes that keep coming."""

    def __init__(self, cluster: Cluster, profile: Profile) -> None:
        self._cluster = cluster
        self._profile = profile
        self._rankings: OrderedDict[Shape, Ranking] = OrderedDict()
        self._seen: OrderedDict[Shape, int] = OrderedDict()
        self._next = 0

    def decide(self, pod: PodInfo) -> Placement | Rejected:
        """Choose a node for a pod, which must not count anywhere yet."""
        shape = pod.shape
        own = self._cluster.withdraw(pod.uid)
        if own is not None:
            return self._decide_nominated(pod, own)
        if (names := named_nodes(shape)) is not None:
            return self._decide_named(shape, names)
        ranking = self._ranking(shape)
        return ranking.best() if ranking is not None else self._look(shape)

    def _decide_nominated(self, pod: PodInfo, name: str) -> Placement | Rejected:
        """Try the node first that room was made on; keep the nomination while it is of no use yet."""
        node = self._cluster.nodes[name]
        if Prepared(pod.shape, self._cluster, self._profile).refusal(node) is None:
            return Placement(name)
        decision = self._look(pod.shape)
        if isinstance(decision, Rejected):
            self._cluster.nominate(pod, name)
        return decision

    def _decide_named(self, shape: Shape, names: frozenset[str]) -> Placement | Rejected:
        nodes = self._cluster.nodes
        found = [nodes[name] for name in sorted(names) if name in nodes]
        decision, _ = place(Prepared(shape, self._cluster, self._profile), found, len(found))
        if isinstance(decision, Placement) or len(found) == len(nodes):
            return decision
        tally = Tally.of(decision.refusals.values())
        tally.add(UNNAMED, len(nodes) - len(found))
        return Rejected(decision.refusals, tally, len(nodes))

    def _look(self, shape: Shape) -> Placement | Rejected:
        """Look at nodes, beginning where the last one to look stopped, so that all get their turn."""
        nodes = list(self._cluster.nodes.values())
        start = self._next % len(nodes) if nodes else 0
        turned: Sequence[NodeInfo] = nodes[start:] + nodes[:start]
        decision, looked = place(Prepared(shape, self._cluster, self._profile), turned, enough(len(nodes)))
        self._next = start + looked
        return decision

    def _ranking(self, shape: Shape) -> Ranking | None:
        """Give the ranking of a shape that has come before; one costs as much as looking at all nodes."""
        ranking = self._rankings.get(shape)
        if ranking is not None:
            self._rankings.move_to_end(shape)
            return ranking
        if shape not in self._seen:
            self._seen[shape] = 1
            if len(self._seen) > MAX_SEEN:
                self._seen.popitem(last=False)
            return None
        del self._seen[shape]
        ranking = self._rankings[shape] = Ranking(shape, self._cluster, self._profile)
        while len(self._rankings) > 1 and len(self._rankings) * len(self._cluster.nodes) > MAX_RANKED_NODES:
            self._rankings.popitem(last=False)
        return ranking
