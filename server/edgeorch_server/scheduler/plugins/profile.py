"""The default profile: which plugins run, in which order, with which weights."""

from __future__ import annotations

from edgeorch_server.scheduler.framework import Profile
from edgeorch_server.scheduler.plugins.image_architecture import ImageArchitecture, ImageArchitectures
from edgeorch_server.scheduler.plugins.image_locality import ImageLocality
from edgeorch_server.scheduler.plugins.inter_pod_affinity import InterPodAffinity, InterPodPreference
from edgeorch_server.scheduler.plugins.node_affinity import NodeAffinity, NodePreference
from edgeorch_server.scheduler.plugins.node_ports import NodePorts
from edgeorch_server.scheduler.plugins.node_resources_fit import (
    BalancedAllocation,
    LeastAllocated,
    MostAllocated,
    NodeResourcesFit,
)
from edgeorch_server.scheduler.plugins.node_unschedulable import NodeUnschedulable
from edgeorch_server.scheduler.plugins.pod_topology_spread import PodTopologySpread, SpreadPreference
from edgeorch_server.scheduler.plugins.taint_toleration import TaintPreference, TaintToleration
from edgeorch_server.scheduler.plugins.volume_binding import VolumeBinding


def default_profile(*, images: ImageArchitectures | None = None, pack: bool = False) -> Profile:
    """Give kube-scheduler's order of filters and its weights, as far as we have its plugins.

    ``pack`` fills nodes one after the other (``MostAllocated``) where the default spreads work out.
    """
    architecture = (ImageArchitecture(images),) if images else ()
    return Profile(
        filters=(
            NodeUnschedulable(),
            TaintToleration(),
            NodeAffinity(),
            *architecture,
            NodePorts(),
            NodeResourcesFit(),
            PodTopologySpread(),
            InterPodAffinity(),
        ),
        prefilters=(VolumeBinding(),),
        scores=(
            (TaintPreference(), 3),
            (NodePreference(), 2),
            (MostAllocated() if pack else LeastAllocated(), 1),
            (SpreadPreference(), 2),
            (InterPodPreference(), 2),
            (BalancedAllocation(), 1),
            (ImageLocality(), 1),
        ),
    )
