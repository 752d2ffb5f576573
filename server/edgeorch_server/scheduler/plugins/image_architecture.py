"""ImageArchitecture: a pod does not go to a board whose architecture one of its images is known to lack.

Kubernetes has no such plugin; there the pod fails on the node. In a cluster of mixed boards that is the most
common way for a pod to fail, and it fails again wherever the next replica is put.
"""

from __future__ import annotations

from typing import Protocol

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Helps, NodeFilter, Refusal
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.shape import Shape


class ImageArchitectures(Protocol):
    """What is known about which image runs where."""

    def lacking(self, image: str) -> frozenset[str]:
        """Give the architectures (Go's names) that an image is known not to be made for."""
        ...


class ImageArchitecture:
    """Filters by what is known about the pod's images; what is not known is no reason."""

    name = "ImageArchitecture"
    helped_by = Helps.NODE | Helps.KNOWLEDGE

    def __init__(self, images: ImageArchitectures) -> None:
        self._images = images

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeFilter | None:
        """Nothing to check while all images are fine as far as is known."""
        lacking = frozenset[str]().union(*(self._images.lacking(image) for image in shape.images))
        if not lacking:
            return None

        def check(node: NodeInfo) -> Refusal | None:
            architecture = node.facts.architecture
            if architecture not in lacking:
                return None
            reason = f"node(s) had an architecture that an image of the pod lacks {{{architecture}}}"
            return Refusal(self.name, (reason,), resolvable=False)

        return check
