"""NodeAffinity: ``nodeSelector``, required and preferred node affinity."""

from __future__ import annotations

from edgeorch.api.core.node_rules import NAME_FIELD, allows_node, term_matches
from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Helps, NodeFilter, NodeScore, Refusal
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.normalize import by_highest
from edgeorch_server.scheduler.shape import Shape

REASON = "node(s) didn't match Pod's node affinity/selector"


def allows(shape: Shape, node: NodeInfo) -> bool:
    """Tell whether all of nodeSelector and one of the required terms match a node."""
    return allows_node(shape.node_selector, shape.node_affinity, node.name, node.labels)


def named_nodes(shape: Shape) -> frozenset[str] | None:
    """Give the only nodes a pod can go to, where its affinity names them; None when it does not.

    The pods of a DaemonSet name one each: to look at all nodes for each of them would be a waste.
    """
    affinity = shape.node_affinity
    required = affinity.requiredDuringSchedulingIgnoredDuringExecution if affinity else None
    if required is None or not required.nodeSelectorTerms:
        return None
    found: set[str] = set()
    for term in required.nodeSelectorTerms:
        named = [set(r.values) for r in term.matchFields if r.key == NAME_FIELD and r.operator == "In"]
        if not named:
            return None
        found |= set.intersection(*named)
    return frozenset(found)


class NodeAffinity:
    """Filters by ``spec.nodeSelector`` and ``requiredDuringSchedulingIgnoredDuringExecution``."""

    name = "NodeAffinity"
    helped_by = Helps.NODE

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeFilter | None:
        """Nothing to check without selector and required terms."""
        affinity = shape.node_affinity
        if not shape.node_selector and not (
            affinity and affinity.requiredDuringSchedulingIgnoredDuringExecution
        ):
            return None
        refusal = Refusal(self.name, (REASON,), resolvable=False)
        return lambda node: None if allows(shape, node) else refusal


class NodePreference:
    """Scores by ``preferredDuringSchedulingIgnoredDuringExecution``: the sum of the weights that match."""

    normalize = staticmethod(by_highest)

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeScore | None:
        """Nothing to score without wishes."""
        affinity = shape.node_affinity
        wishes = affinity.preferredDuringSchedulingIgnoredDuringExecution if affinity else []
        if not wishes:
            return None
        return lambda node: sum(
            wish.weight for wish in wishes if term_matches(wish.preference, node.name, node.labels)
        )
