"""NodeName: a pod that names its node goes there or nowhere."""

from __future__ import annotations

from edgeorch.api.core.pod import Pod
from edgeorch_server.scheduler.framework import NodeFilter
from edgeorch_server.scheduler.snapshot import NodeInfo

REASON = "node(s) didn't match the requested node name"


class NodeName:
    """Filters by ``spec.nodeName``."""

    def prepare(self, pod: Pod) -> NodeFilter | None:
        """Nothing to check without a name."""
        wanted = pod.spec.nodeName
        if not wanted:
            return None

        def check(node: NodeInfo) -> tuple[str, ...]:
            return () if node.name == wanted else (REASON,)

        return check
