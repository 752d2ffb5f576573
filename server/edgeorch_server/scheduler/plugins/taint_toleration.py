"""TaintToleration: taints keep pods off that do not tolerate them."""

from __future__ import annotations

from edgeorch.api.core.scheduling import Taint
from edgeorch.api.core.tolerations import NO_EXECUTE, tolerates
from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Helps, NodeFilter, NodeScore, Refusal
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.normalize import by_highest_reversed
from edgeorch_server.scheduler.shape import Shape

HARD_EFFECTS = frozenset({"NoSchedule", NO_EXECUTE})
SOFT_EFFECT = "PreferNoSchedule"
"""A matter of scoring."""


def untolerated(shape: Shape, node: NodeInfo) -> Taint | None:
    """Give the first taint that keeps a pod off a node."""
    for taint in node.facts.taints:
        if taint.effect in HARD_EFFECTS and not tolerates(shape.tolerations, taint):
            return taint
    return None


class TaintToleration:
    """Filters by taints with the effects NoSchedule and NoExecute."""

    name = "TaintToleration"
    helped_by = Helps.NODE

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeFilter:
        """Check every hard taint; the first that is not tolerated is the reason."""

        def check(node: NodeInfo) -> Refusal | None:
            if not node.facts.taints or (taint := untolerated(shape, node)) is None:
                return None
            reason = f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}"
            return Refusal(self.name, (reason,), resolvable=False)

        return check


class TaintPreference:
    """Scores by taints with the effect PreferNoSchedule: the fewer that are not tolerated, the better."""

    normalize = staticmethod(by_highest_reversed)

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeScore:
        """Only tolerations that mean this effect (or any) count."""
        tolerations = [t for t in shape.tolerations if t.effect in {"", SOFT_EFFECT}]

        def score(node: NodeInfo) -> int:
            if not node.facts.taints:
                return 0
            return sum(t.effect == SOFT_EFFECT and not tolerates(tolerations, t) for t in node.facts.taints)

        return score
