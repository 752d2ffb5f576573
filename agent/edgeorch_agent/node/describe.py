"""Builds the Node object that an agent reports: facts, addresses, capacity and conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgeorch import __version__
from edgeorch.api.core.node import (
    ContainerImage,
    Node,
    NodeAddress,
    NodeCondition,
    NodeStatus,
    NodeSystemInfo,
)
from edgeorch.api.meta import ObjectMeta
from edgeorch_agent.node.facts import Facts
from edgeorch_agent.runtime.base import ImageInfo

MAX_PODS = 110
"""kubelet's default ``maxPods``."""
MAX_IMAGES = 50
"""kubelet's default ``nodeStatusMaxImages``."""
SYSTEM_RESERVED_MEMORY = 128 * 1024 * 1024
"""Bytes kept for the system, Podman and the agent: allocatable is capacity minus this."""
DISK_RESERVED_SHARE = 0.10
"""Share of the disk that is not allocatable: kubelet's hard eviction threshold."""


def describe_node(
    name: str,
    facts: Facts,
    *,
    runtime_version: str,
    address: str,
    conditions: Sequence[NodeCondition],
    images: Sequence[ImageInfo] = (),
    labels: Mapping[str, str] | None = None,
) -> Node:
    """Give the complete Node as the agent sees it; the server takes status and the labels it may set."""
    addresses = [NodeAddress(type="Hostname", address=facts.hostname)]
    if address:
        addresses.insert(0, NodeAddress(type="InternalIP", address=address))
    version = f"v1.33.0+edgeorch.{__version__}"
    return Node(
        apiVersion="v1",
        kind="Node",
        metadata=ObjectMeta(
            name=name,
            labels={
                **(labels or {}),
                "kubernetes.io/arch": facts.architecture,
                "kubernetes.io/os": "linux",
                "kubernetes.io/hostname": name,
            },
        ),
        status=NodeStatus(
            capacity=_resources(facts, memory_reserved=0, disk_share=1.0),
            allocatable=_resources(
                facts,
                memory_reserved=min(SYSTEM_RESERVED_MEMORY, facts.memory // 4),
                disk_share=1 - DISK_RESERVED_SHARE,
            ),
            addresses=addresses,
            conditions=list(conditions),
            nodeInfo=NodeSystemInfo(
                machineID=facts.machine_id,
                systemUUID=facts.system_uuid,
                bootID=facts.boot_id,
                kernelVersion=facts.kernel,
                osImage=facts.os_image,
                containerRuntimeVersion=runtime_version,
                kubeletVersion=version,
                kubeProxyVersion="",
                operatingSystem="linux",
                architecture=facts.architecture,
            ),
            images=[
                ContainerImage(names=sorted(image.names), sizeBytes=image.size)
                for image in sorted(images, key=lambda image: (-image.size, image.id))[:MAX_IMAGES]
                if image.names
            ],
        ),
    )


def _resources(facts: Facts, *, memory_reserved: int, disk_share: float) -> dict[str, str]:
    return {
        "cpu": str(facts.cpus),
        "memory": f"{(facts.memory - memory_reserved) // 1024}Ki",
        "ephemeral-storage": f"{int(facts.disk * disk_share) // 1024}Ki",
        "pods": str(MAX_PODS),
    }
