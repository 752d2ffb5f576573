"""The default profile: which plugins run, in which order."""

from __future__ import annotations

from edgeorch_server.scheduler.framework import Profile
from edgeorch_server.scheduler.plugins.node_affinity import NodeAffinity
from edgeorch_server.scheduler.plugins.node_name import NodeName
from edgeorch_server.scheduler.plugins.node_ports import NodePorts
from edgeorch_server.scheduler.plugins.node_resources_fit import LeastAllocated, NodeResourcesFit
from edgeorch_server.scheduler.plugins.node_unschedulable import NodeUnschedulable
from edgeorch_server.scheduler.plugins.taint_toleration import TaintToleration


def default_profile() -> Profile:
    """Give kube-scheduler's order of filters, as far as we have them."""
    return Profile(
        filters=(
            NodeUnschedulable(),
            NodeName(),
            TaintToleration(),
            NodeAffinity(),
            NodePorts(),
            NodeResourcesFit(),
        ),
        scores=((LeastAllocated(), 1),),
    )
