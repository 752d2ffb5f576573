"""NodeUnschedulable: a cordoned node takes no new pods, unless they tolerate its taint."""

from __future__ import annotations

from edgeorch.api.core.scheduling import Taint
from edgeorch.api.core.tolerations import tolerates
from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Helps, NodeFilter, Refusal
from edgeorch_server.scheduler.shape import Shape

REASON = "node(s) were unschedulable"
TAINT = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")


class NodeUnschedulable:
    """Filters by ``spec.unschedulable`` of the node."""

    name = "NodeUnschedulable"
    helped_by = Helps.NODE

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeFilter | None:
        """DaemonSet pods tolerate the taint and go even to cordoned nodes."""
        if tolerates(shape.tolerations, TAINT):
            return None
        refusal = Refusal(self.name, (REASON,), resolvable=False)
        return lambda node: refusal if node.facts.unschedulable else None
