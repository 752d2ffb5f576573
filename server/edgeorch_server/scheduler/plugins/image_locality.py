"""ImageLocality: nodes that have a pod's images already are better, the larger the images."""

from __future__ import annotations

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import MAX_SCORE, NodeScore
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.shape import Shape

SMALLEST = 23 * 1024 * 1024
"""Bytes that are not worth a thought (Kubernetes' ``minThreshold``)."""
LARGEST = 1000 * 1024 * 1024
"""Bytes per container that give the full score (``maxContainerThreshold``)."""


class ImageLocality:
    """Scores by the bytes of the pod's images that are present.

    An image counts less the fewer nodes have it, so that the first node to have pulled one does not draw all
    pods that use it (``scaledImageScore``).
    """

    normalize = None

    def prepare(self, shape: Shape, cluster: Cluster) -> NodeScore:
        """Look for the images under all names they may have."""
        wanted = [spellings(image) for image in shape.images]
        largest = LARGEST * max(len(wanted), 1)

        def score(node: NodeInfo) -> int:
            present = node.facts.images
            if not present:
                return 0
            total = 0
            for names in wanted:
                name = next((name for name in names if name in present), None)
                if name is not None:
                    total += present[name] * cluster.holders(name) // len(cluster.nodes)
            return MAX_SCORE * (min(max(total, SMALLEST), largest) - SMALLEST) // (largest - SMALLEST)

        return score


def spellings(image: str) -> tuple[str, ...]:
    """Give the names a node may know an image by: with its tag, and with the registry that is meant.

    Runtimes report full names; ``nginx`` in a manifest is ``docker.io/library/nginx:latest`` there.
    """
    name = image if ":" in image.rpartition("/")[2] else f"{image}:latest"
    registry, slash, _ = name.partition("/")
    if not slash:
        return name, f"docker.io/library/{name}", f"localhost/{name}"
    if "." in registry or ":" in registry or registry == "localhost":
        return (name,)
    return name, f"docker.io/{name}"
