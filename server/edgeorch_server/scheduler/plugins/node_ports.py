"""NodePorts: a host port can be taken once per node."""

from __future__ import annotations

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Helps, NodeFilter, Refusal
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.shape import ANY_ADDRESS, HostPort, Shape

REASON = "node(s) didn't have free ports for the requested pod ports"


class NodePorts:
    """Filters by the host ports that are taken."""

    name = "NodePorts"
    helped_by = Helps.NODE | Helps.POD_GONE

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeFilter | None:
        """Nothing to check without host ports."""
        wanted = shape.ports
        if not wanted:
            return None
        refusal = Refusal(self.name, (REASON,))

        def check(node: NodeInfo) -> Refusal | None:
            clash = any(_clash(ours, taken) for ours in wanted for taken in node.ports)
            return refusal if clash else None

        return check


def _clash(left: HostPort, right: HostPort) -> bool:
    """Two ports clash on the same address, or when either asks for all addresses."""
    return left[1:] == right[1:] and (left[0] == right[0] or ANY_ADDRESS in {left[0], right[0]})
