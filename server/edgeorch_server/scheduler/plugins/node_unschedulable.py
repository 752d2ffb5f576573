"""NodeUnschedulable: a cordoned node takes no new pods, unless they tolerate its taint."""

from __future__ import annotations

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.scheduling import Taint
from edgeorch_server.scheduler.framework import NodeFilter
from edgeorch_server.scheduler.plugins.taint_toleration import tolerates
from edgeorch_server.scheduler.snapshot import NodeInfo

REASON = "node(s) were unschedulable"
TAINT = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")


class NodeUnschedulable:
    """Filters by ``spec.unschedulable`` of the node."""

    def prepare(self, pod: Pod) -> NodeFilter | None:
        """DaemonSet pods tolerate the taint and go even to cordoned nodes."""
        if tolerates(pod.spec.tolerations, TAINT):
            return None

        def check(node: NodeInfo) -> tuple[str, ...]:
            return (REASON,) if node.unschedulable else ()

        return check
