"""NodePorts: a host port can be taken once per node."""

from __future__ import annotations

from edgeorch.api.core.pod import Pod
from edgeorch_server.scheduler.framework import NodeFilter
from edgeorch_server.scheduler.snapshot import ANY_ADDRESS, HostPort, NodeInfo, host_ports

REASON = "node(s) didn't have free ports for the requested pod ports"


class NodePorts:
    """Filters by the host ports that are taken."""

    def prepare(self, pod: Pod) -> NodeFilter | None:
        """Nothing to check without host ports."""
        wanted = host_ports(pod)
        if not wanted:
            return None

        def check(node: NodeInfo) -> tuple[str, ...]:
            return (REASON,) if any(_clash(w, taken) for w in wanted for taken in node.ports) else ()

        return check


def _clash(left: HostPort, right: HostPort) -> bool:
    """Two ports clash on the same address, or when either asks for all addresses."""
    return left[1:] == right[1:] and (left[0] == right[0] or ANY_ADDRESS in {left[0], right[0]})
