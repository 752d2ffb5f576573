"""Pods: containers that share a network and live and die together on one node."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.core.container import Container, EphemeralContainer
from edgeorch.api.core.pod_status import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    HostIP,
    PodCondition,
    PodIP,
    PodStatus,
)
from edgeorch.api.core.references import LocalObjectReference
from edgeorch.api.core.requirements import ResourceList, ResourceRequirements
from edgeorch.api.core.scheduling import (
    Affinity,
    PodSchedulingGate,
    PodSchedulingGroup,
    Toleration,
    TopologySpreadConstraint,
)
from edgeorch.api.core.security import PodSecurityContext
from edgeorch.api.core.volume import Volume
from edgeorch.api.meta import Atomic, Int32, Int64, ListKeys, MergeKey, Model, Object, Required, Unsupported

__all__ = [
    "ContainerState",
    "ContainerStateRunning",
    "ContainerStateTerminated",
    "ContainerStateWaiting",
    "ContainerStatus",
    "HostAlias",
    "HostIP",
    "Pod",
    "PodCondition",
    "PodDNSConfig",
    "PodDNSConfigOption",
    "PodIP",
    "PodOS",
    "PodReadinessGate",
    "PodResourceClaim",
    "PodSpec",
    "PodStatus",
]


class HostAlias(Model):
    """A line of the pod's ``/etc/hosts``."""

    ip: Required[str] = ""
    """The address."""
    hostnames: list[str] = Field(default_factory=list)
    """Names for it."""


class PodDNSConfigOption(Model):
    """An option of the resolver."""

    name: str = ""
    """Name, such as ``ndots``."""
    value: str | None = None
    """Its value, if it takes one."""


class PodDNSConfig(Model):
    """DNS settings added to what ``dnsPolicy`` gives."""

    nameservers: list[str] = Field(default_factory=list)
    """Addresses of name servers; at most 3."""
    searches: list[str] = Field(default_factory=list)
    """Search domains."""
    options: list[PodDNSConfigOption] = Field(default_factory=list)
    """Resolver options."""


class PodOS(Model):
    """Operating system of a pod's containers."""

    name: Required[str] = ""
    """``linux`` or ``windows``."""


class PodReadinessGate(Model):
    """A condition that must be true for the pod to be ready."""

    conditionType: Required[str] = ""
    """Type of the condition in ``status.conditions``."""


class PodResourceClaim(Model):
    """A resource claim that the pod's containers may use."""

    name: Required[str] = ""
    """Name, a DNS label, unique in the pod."""
    resourceClaimName: str | None = None
    """An existing claim in the pod's namespace."""
    resourceClaimTemplateName: str | None = None
    """A template to make a claim from."""


class PodSpec(Model):
    """What a pod is to be."""

    volumes: Annotated[list[Volume], MergeKey("name", retain_keys=True), ListKeys(("name",))] = Field(
        default_factory=list
    )
    """Volumes that containers can mount."""
    initContainers: Annotated[list[Container], MergeKey("name"), ListKeys(("name",))] = Field(
        default_factory=list
    )
    """Containers that run one after the other, each to success, before the others start; those with
    ``restartPolicy: Always`` are sidecars that stay."""
    containers: Required[Annotated[list[Container], MergeKey("name"), ListKeys(("name",))]] = Field(
        default_factory=list
    )
    """The containers; at least one."""
    ephemeralContainers: Annotated[
        list[EphemeralContainer],
        MergeKey("name"),
        ListKeys(("name",)),
        Unsupported("ephemeral containers are not run yet"),
    ] = Field(default_factory=list)
    """Containers added later to debug the pod, through the subresource of that name."""
    restartPolicy: str = ""
    """``Always`` (the default), ``OnFailure`` or ``Never``."""
    terminationGracePeriodSeconds: Int64 | None = None
    """Seconds between the stop signal and the kill; 30 by default, 0 kills at once."""
    activeDeadlineSeconds: Int64 | None = None
    """Seconds after its start when a pod that still runs is failed."""
    dnsPolicy: str = ""
    """``ClusterFirst`` (the default), ``ClusterFirstWithHostNet``, ``Default`` (the node's) or ``None``."""
    nodeSelector: Annotated[dict[str, str], Atomic()] = Field(default_factory=dict)
    """Labels a node must have."""
    serviceAccountName: str = ""
    """Service account the pod runs as; ``default`` by default."""
    serviceAccount: str = ""
    """Deprecated name of ``serviceAccountName``."""
    automountServiceAccountToken: bool | None = None
    """Whether a token of the service account is mounted; the account's own setting when absent."""
    nodeName: str = ""
    """Node the pod runs on; set by the scheduler, or by hand to go past it."""
    hostNetwork: bool = False
    """Whether the pod uses the node's network."""
    hostPID: bool = False
    """Whether the pod sees the node's processes."""
    hostIPC: bool = False
    """Whether the pod shares the node's IPC namespace."""
    shareProcessNamespace: bool | None = None
    """Whether the containers see each other's processes."""
    securityContext: PodSecurityContext | None = None
    """Security settings of all containers."""
    imagePullSecrets: Annotated[list[LocalObjectReference], MergeKey("name"), ListKeys(("name",))] = Field(
        default_factory=list
    )
    """Secrets with registry credentials, in the pod's namespace."""
    hostname: str = ""
    """Host name of the pod; its name when empty."""
    subdomain: Annotated[str, Unsupported("there is no cluster DNS yet")] = ""
    """Puts the host name below this name in the cluster's DNS."""
    affinity: Affinity | None = None
    """What the pod needs and wishes of its place."""
    schedulerName: str = ""
    """Scheduler that places the pod; ``default-scheduler`` by default."""
    tolerations: list[Toleration] = Field(default_factory=list)
    """Taints the pod puts up with."""
    hostAliases: Annotated[list[HostAlias], MergeKey("ip"), ListKeys(("ip",))] = Field(default_factory=list)
    """Lines for the pod's ``/etc/hosts``."""
    priorityClassName: str = ""
    """Name of the PriorityClass."""
    priority: Int32 | None = None
    """Priority, from the PriorityClass; higher goes first."""
    dnsConfig: PodDNSConfig | None = None
    """DNS settings added to those of ``dnsPolicy``."""
    readinessGates: list[PodReadinessGate] = Field(default_factory=list)
    """More conditions that must be true for the pod to be ready."""
    runtimeClassName: Annotated[str | None, Unsupported("all pods run with Podman's own runtime")] = None
    """Name of the RuntimeClass."""
    enableServiceLinks: bool | None = None
    """Whether services appear in the environment; true by default."""
    preemptionPolicy: str | None = None
    """``PreemptLowerPriority`` (the default) or ``Never``."""
    overhead: Annotated[ResourceList, Unsupported("it comes from runtime classes, which are not served")] = (
        Field(default_factory=dict)
    )
    """Resources the sandbox itself takes."""
    topologySpreadConstraints: Annotated[
        list[TopologySpreadConstraint],
        MergeKey("topologyKey"),
        ListKeys(("topologyKey", "whenUnsatisfiable")),
    ] = Field(default_factory=list)
    """How alike pods are spread over places."""
    setHostnameAsFQDN: Annotated[bool | None, Unsupported("there is no cluster DNS yet")] = None
    """Whether the host name is the pod's full DNS name."""
    os: PodOS | None = None
    """Operating system of the containers."""
    hostUsers: Annotated[bool | None, Unsupported("pods use the node's user namespace")] = None
    """Whether the pod uses the node's user namespace; true by default."""
    schedulingGates: Annotated[list[PodSchedulingGate], MergeKey("name"), ListKeys(("name",))] = Field(
        default_factory=list
    )
    """While there is one, the pod is not scheduled."""
    resourceClaims: Annotated[
        list[PodResourceClaim],
        MergeKey("name", retain_keys=True),
        ListKeys(("name",)),
        Unsupported("dynamic resource allocation is not available"),
    ] = Field(default_factory=list)
    """Claims that must be allocated before the pod starts."""
    resources: Annotated[
        ResourceRequirements | None, Unsupported("limits are set on containers, not on the pod as a whole")
    ] = None
    """Requests and limits of the pod as a whole."""
    hostnameOverride: Annotated[str | None, Unsupported("set hostname instead")] = None
    """Host name of the pod, whatever ``hostname`` and ``subdomain`` say."""
    schedulingGroup: Annotated[PodSchedulingGroup | None, Unsupported("pods are scheduled one by one")] = None
    """The group of pods this one is scheduled with."""


class Pod(Object):
    """Containers that share a network and live and die together on one node."""

    spec: PodSpec = Field(default_factory=PodSpec)
    """What the pod is to be."""
    status: PodStatus = Field(default_factory=PodStatus)
    """What is known of it."""
