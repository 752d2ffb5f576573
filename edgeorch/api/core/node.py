"""Nodes: the machines that run pods."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.core.requirements import ResourceList
from edgeorch.api.core.scheduling import Taint
from edgeorch.api.meta import Int32, Int64, ListKeys, MergeKey, Model, Object, Required, Time, Unsupported


class ConfigMapNodeConfigSource(Model):
    """A ConfigMap with a kubelet's configuration; removed from Kubernetes."""

    namespace: Required[str] = ""
    """Namespace of the ConfigMap."""
    name: Required[str] = ""
    """Name of the ConfigMap."""
    uid: str = ""
    """UID of the ConfigMap."""
    resourceVersion: str = ""
    """Version of the ConfigMap."""
    kubeletConfigKey: Required[str] = ""
    """Key with the configuration."""


class NodeConfigSource(Model):
    """Where a kubelet's configuration comes from; removed from Kubernetes."""

    configMap: ConfigMapNodeConfigSource | None = None
    """A ConfigMap."""


class NodeSpec(Model):
    """What a node is to be."""

    podCIDR: str = ""
    """Range of the node's pod addresses."""
    podCIDRs: Annotated[list[str], MergeKey(""), ListKeys()] = Field(default_factory=list)
    """The same, at most one per IP family; ``podCIDR`` first."""
    providerID: str = ""
    """Identifier of the machine at its provider."""
    unschedulable: bool = False
    """Whether new pods stay away (``kubectl cordon``)."""
    taints: list[Taint] = Field(default_factory=list)
    """Keep pods off that do not tolerate them."""
    configSource: Annotated[
        NodeConfigSource | None, Unsupported("agents are configured on their own boxes")
    ] = None
    """Removed from Kubernetes."""
    externalID: Annotated[str, Unsupported("deprecated, and nothing reads it")] = ""
    """Deprecated."""


class NodeAddress(Model):
    """An address of a node."""

    type: Required[str] = ""
    """``InternalIP``, ``ExternalIP``, ``Hostname``, ``InternalDNS`` or ``ExternalDNS``."""
    address: Required[str] = ""
    """The address."""


class NodeCondition(Model):
    """One aspect of a node's state."""

    type: Required[str] = ""
    """``Ready``, ``MemoryPressure``, ``DiskPressure``, ``PIDPressure``, ``NetworkUnavailable``."""
    status: Required[str] = ""
    """``True``, ``False`` or ``Unknown``."""
    lastHeartbeatTime: Time | None = None
    """When it was last heard of."""
    lastTransitionTime: Time | None = None
    """When ``status`` last changed."""
    reason: str = ""
    """One word for the last transition."""
    message: str = ""
    """The same for people."""


class DaemonEndpoint(Model):
    """A port of a daemon."""

    Port: Int32
    """The port; spelled with a capital, as in Kubernetes."""


class NodeDaemonEndpoints(Model):
    """Ports of the node's daemons."""

    kubeletEndpoint: DaemonEndpoint | None = None
    """The kubelet's; agents listen on none and are reached over MQTT."""


class NodeSwapStatus(Model):
    """Swap of a node."""

    capacity: Int64 | None = None
    """Bytes of swap."""


class NodeSystemInfo(Model):
    """What the machine is and what it runs."""

    machineID: str
    """From ``/etc/machine-id``."""
    systemUUID: str
    """Identifier of the hardware."""
    bootID: str
    """Changes with every boot."""
    kernelVersion: str
    """As ``uname -r`` says."""
    osImage: str
    """``PRETTY_NAME`` of ``/etc/os-release``."""
    containerRuntimeVersion: str
    """Runtime and version, as ``podman://4.3.1``."""
    kubeletVersion: str
    """Version of the agent, in Kubernetes' form."""
    kubeProxyVersion: str
    """Deprecated."""
    operatingSystem: str
    """``linux``."""
    architecture: str
    """``amd64``, ``arm64`` or ``arm``."""
    swap: NodeSwapStatus | None = None
    """Swap of the machine."""


class ContainerImage(Model):
    """An image that is present on a node."""

    names: list[str] = Field(default_factory=list)
    """All names of the image."""
    sizeBytes: Int64 = 0
    """Bytes on disk."""


class AttachedVolume(Model):
    """A volume that is attached to a node."""

    name: Required[str] = ""
    """Name of the volume."""
    devicePath: Required[str] = ""
    """Device it appears as."""


class NodeConfigStatus(Model):
    """What became of ``spec.configSource``; removed from Kubernetes."""

    assigned: NodeConfigSource | None = None
    """What was asked for."""
    active: NodeConfigSource | None = None
    """What is in use."""
    lastKnownGood: NodeConfigSource | None = None
    """What is fallen back to."""
    error: str = ""
    """Why the two differ."""


class NodeRuntimeHandlerFeatures(Model):
    """What a runtime handler can do."""

    recursiveReadOnlyMounts: bool | None = None
    """Whether it can make submounts read-only too."""
    userNamespaces: bool | None = None
    """Whether it can give pods their own user namespace."""


class NodeRuntimeHandler(Model):
    """A runtime handler of the node."""

    name: str = ""
    """Name; empty is the default one."""
    features: NodeRuntimeHandlerFeatures | None = None
    """What it can do."""


class NodeFeatures(Model):
    """What the node's runtime can do."""

    supplementalGroupsPolicy: bool | None = None
    """Whether it honours that field of pods."""


class NodeStatus(Model):
    """What is known of a node."""

    capacity: ResourceList = Field(default_factory=dict)
    """What the machine has."""
    allocatable: ResourceList = Field(default_factory=dict)
    """What of it pods may request."""
    phase: str = ""
    """Deprecated."""
    conditions: Annotated[list[NodeCondition], MergeKey("type"), ListKeys(("type",))] = Field(
        default_factory=list
    )
    """Aspects of the node's state."""
    addresses: Annotated[list[NodeAddress], MergeKey("type"), ListKeys(("type",))] = Field(default_factory=list)
    """How the node is reached."""
    daemonEndpoints: NodeDaemonEndpoints = Field(default_factory=NodeDaemonEndpoints)
    """Ports of its daemons."""
    nodeInfo: NodeSystemInfo | None = None
    """What the machine is and what it runs."""
    images: list[ContainerImage] = Field(default_factory=list)
    """Images that are present."""
    volumesInUse: list[str] = Field(default_factory=list)
    """Attachable volumes that pods use."""
    volumesAttached: list[AttachedVolume] = Field(default_factory=list)
    """Volumes that are attached."""
    config: NodeConfigStatus | None = None
    """Removed from Kubernetes."""
    runtimeHandlers: list[NodeRuntimeHandler] = Field(default_factory=list)
    """Runtime handlers of the node."""
    features: NodeFeatures | None = None
    """What its runtime can do."""
    declaredFeatures: list[str] = Field(default_factory=list)
    """Names of features the node declares, for the scheduler."""


class Node(Object):
    """A machine that runs pods."""

    spec: NodeSpec = Field(default_factory=NodeSpec)
    """What the node is to be."""
    status: NodeStatus = Field(default_factory=NodeStatus)
    """What is known of it."""
