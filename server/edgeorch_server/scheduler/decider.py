"""Decides where a pod goes: from a ranking of its shape if there are more like it, else by looking at nodes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.following import Following
from edgeorch_server.scheduler.framework import Placement, Profile, Refusal, Rejected, Tally
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.placing import enough, place
from edgeorch_server.scheduler.plugins.node_affinity import named_nodes
from edgeorch_server.scheduler.prepared import Prepared
from edgeorch_server.scheduler.ranking import Ranking
from edgeorch_server.scheduler.shape import Kin, PodInfo, Shape

MAX_RANKED_NODES = 200_000
"""Nodes in all rankings together: what they may take of memory, at about 300 bytes each."""

MAX_SEEN = 1024
"""Shapes that are remembered to have come once."""

MAX_TOIL = 2
"""Decisions in a row that may make a ranking ask about more nodes than one who looks would."""

REST = 256
"""Decisions about such a shape by looking, before it gets a ranking again."""

UNNAMED = Refusal("NodeAffinity", ("node(s) didn't satisfy plugin(s) [NodeAffinity]",), resolvable=False)
"""What kube-scheduler says of the nodes that a pod's affinity does not name."""


@dataclass(slots=True)
class _Restless:
    """A shape whose every pod changes the answers of many nodes."""

    following: Following
    left: int = REST


class Decider:
    """Keeps rankings for the shapes that keep coming."""

    def __init__(self, cluster: Cluster, profile: Profile) -> None:
        self._cluster = cluster
        self._profile = profile
        self._rankings: OrderedDict[Shape | Kin, Ranking] = OrderedDict()
        self._restless: OrderedDict[Shape | Kin, _Restless] = OrderedDict()
        self._seen: OrderedDict[Shape | Kin, None] = OrderedDict()
        self._next = 0

    def decide(self, pod: PodInfo) -> Placement | Rejected:
        """Choose a node for a pod, which must not count anywhere yet."""
        shape = pod.shape
        for plugin in self._profile.prefilters:
            if why := plugin.refusal(shape, self._cluster):
                return Rejected.by(plugin, why, len(self._cluster.nodes))
        own = self._cluster.withdraw(pod.uid)
        if own is not None:
            return self._decide_nominated(pod, own)
        if (names := named_nodes(shape)) is not None:
            return self._decide_named(shape, names)
        return self._decide_like(shape)

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

    def _decide_like(self, shape: Shape) -> Placement | Rejected:
        """Decide from what is known from pods of this shape, or of any kin where labels do not matter."""
        key = self._cluster.likeness(shape)
        if (restless := self._restless.get(key)) is not None:
            return self._look_again(key, restless)
        ranking = self._ranking(key, shape)
        if ranking is None:
            return self._look(shape)
        decision = ranking.best()
        if ranking.toil > MAX_TOIL:
            del self._rankings[key]
            self._restless[key] = _Restless(Following(shape, self._cluster, self._profile))
            if len(self._restless) > MAX_SEEN:
                self._restless.popitem(last=False)
        return decision

    def _look_again(self, key: Shape | Kin, restless: _Restless) -> Placement | Rejected:
        """Look at nodes, with counts that were kept: to keep the answers too would cost more than asking."""
        restless.left -= 1
        if not restless.left:
            del self._restless[key]
        restless.following.catch_up()
        return self._look_with(restless.following.prepared)

    def _look(self, shape: Shape) -> Placement | Rejected:
        return self._look_with(Prepared(shape, self._cluster, self._profile))

    def _look_with(self, prepared: Prepared) -> Placement | Rejected:
        """Look at nodes, beginning where the last one to look stopped, so that all get their turn."""
        nodes = list(self._cluster.nodes.values())
        start = self._next % len(nodes) if nodes else 0
        turned: Sequence[NodeInfo] = nodes[start:] + nodes[:start]
        decision, looked = place(prepared, turned, enough(len(nodes)))
        self._next = start + looked
        return decision

    def _ranking(self, key: Shape | Kin, shape: Shape) -> Ranking | None:
        """Give the ranking of a shape that has come before; one costs as much as looking at all nodes."""
        ranking = self._rankings.get(key)
        if ranking is not None:
            self._rankings.move_to_end(key)
            return ranking
        if key not in self._seen:
            self._seen[key] = None
            if len(self._seen) > MAX_SEEN:
                self._seen.popitem(last=False)
            return None
        del self._seen[key]
        ranking = self._rankings[key] = Ranking(shape, self._cluster, self._profile)
        while len(self._rankings) > 1 and len(self._rankings) * len(self._cluster.nodes) > MAX_RANKED_NODES:
            self._rankings.popitem(last=False)
        return ranking
