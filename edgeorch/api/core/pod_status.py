"""What is known of a pod: phase, conditions, containers, addresses."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.core.requirements import ResourceList, ResourceRequirements
from edgeorch.api.meta import Int32, Int64, ListKeys, MergeKey, Model, Required, Time


class ContainerStateWaiting(Model):
    """The container does not run yet, or not again yet."""

    reason: str = ""
    """One word: ``ContainerCreating``, ``ImagePullBackOff``, ``CrashLoopBackOff``..."""
    message: str = ""
    """The same for people."""


class ContainerStateRunning(Model):
    """The container runs."""

    startedAt: Time | None = None
    """When it was last started."""


class ContainerStateTerminated(Model):
    """The container has ended."""

    exitCode: Int32
    """Exit code of its first process."""
    signal: Int32 = 0
    """Signal that ended it, if one did."""
    reason: str = ""
    """One word: ``Completed``, ``Error``, ``OOMKilled``..."""
    message: str = ""
    """What it said last (see ``terminationMessagePath``)."""
    startedAt: Time | None = None
    """When it was started."""
    finishedAt: Time | None = None
    """When it ended."""
    containerID: str = ""
    """Identifier at the runtime, as ``podman://ID``."""


class ContainerState(Model):
    """One of three states; none means waiting."""

    waiting: ContainerStateWaiting | None = None
    """It waits."""
    running: ContainerStateRunning | None = None
    """It runs."""
    terminated: ContainerStateTerminated | None = None
    """It has ended."""


class ImageVolumeStatus(Model):
    """What is mounted by an image volume."""

    imageRef: Required[str] = ""
    """Digest of the image that is mounted."""


class VolumeStatus(Model):
    """What the volume's source says about it."""

    image: ImageVolumeStatus | None = None
    """For image volumes."""


class VolumeMountStatus(Model):
    """How a volume is really mounted."""

    name: Required[str] = ""
    """Name of the volume."""
    mountPath: Required[str] = ""
    """Path in the container."""
    readOnly: bool = False
    """Whether the mount is read-only."""
    recursiveReadOnly: str | None = None
    """``Disabled``, ``IfPossible`` or ``Enabled``."""
    volumeStatus: VolumeStatus | None = None
    """What the volume's source says about it."""


class LinuxContainerUser(Model):
    """Identity of a process on Linux."""

    uid: Int64
    """UID of the first process."""
    gid: Int64
    """Primary GID of the first process."""
    supplementalGroups: list[Int64] = Field(default_factory=list)
    """Its other GIDs."""


class ContainerUser(Model):
    """Identity the container was started with."""

    linux: LinuxContainerUser | None = None
    """On Linux."""


class ResourceHealth(Model):
    """Health of one allocated resource."""

    resourceID: Required[str] = ""
    """Identifier of the resource, unique on the node."""
    health: str = ""
    """``Healthy``, ``Unhealthy`` or ``Unknown``."""
    message: str | None = None
    """The same for people."""


class ResourceStatus(Model):
    """Health of the resources a container was given."""

    name: Required[str] = ""
    """Name of the resource in the container's requests, or ``claim:NAME/REQUEST``."""
    resources: Annotated[list[ResourceHealth], ListKeys(("resourceID",))] = Field(default_factory=list)
    """Health of each one."""


class ContainerStatus(Model):
    """What is known of one container."""

    name: Required[str] = ""
    """Name of the container in the spec."""
    state: ContainerState = Field(default_factory=ContainerState)
    """How it is now."""
    lastState: ContainerState = Field(default_factory=ContainerState)
    """How it ended the last time, after a restart."""
    ready: bool
    """Whether it runs and its readiness probe, if any, succeeds."""
    restartCount: Int32
    """How often it was started again."""
    image: str
    """The image it runs, resolved by the runtime; may differ from the spec."""
    imageID: str
    """Identifier of that image at the runtime."""
    containerID: str = ""
    """Identifier at the runtime, as ``podman://ID``."""
    started: bool | None = None
    """Whether its postStart hook has ended and its startup probe has succeeded."""
    allocatedResources: ResourceList = Field(default_factory=dict)
    """Requests the node has reserved for it."""
    resources: ResourceRequirements | None = None
    """Requests and limits in force."""
    volumeMounts: Annotated[list[VolumeMountStatus], MergeKey("mountPath"), ListKeys(("mountPath",))] = Field(
        default_factory=list
    )
    """How its volumes are mounted."""
    user: ContainerUser | None = None
    """Identity it was started with."""
    allocatedResourcesStatus: Annotated[list[ResourceStatus], MergeKey("name"), ListKeys(("name",))] = Field(
        default_factory=list
    )
    """Health of the resources it was given."""
    stopSignal: str | None = None
    """Signal that stops it."""


class PodCondition(Model):
    """One aspect of a pod's state."""

    type: Required[str] = ""
    """``PodScheduled``, ``Initialized``, ``ContainersReady``, ``Ready``, ``DisruptionTarget``..."""
    observedGeneration: Int64 = 0
    """The ``metadata.generation`` this was derived from."""
    status: Required[str] = ""
    """``True``, ``False`` or ``Unknown``."""
    lastProbeTime: Time | None = None
    """When it was last looked at; unused."""
    lastTransitionTime: Time | None = None
    """When ``status`` last changed."""
    reason: str = ""
    """One word for the last transition."""
    message: str = ""
    """The same for people."""


class HostIP(Model):
    """An address of the node."""

    ip: Required[str] = ""
    """The address."""


class PodIP(Model):
    """An address of the pod."""

    ip: Required[str] = ""
    """The address."""


class PodResourceClaimStatus(Model):
    """The claim that was made for one of the pod's ``resourceClaims``."""

    name: Required[str] = ""
    """Name of the entry in ``spec.resourceClaims``."""
    resourceClaimName: str | None = None
    """Name of the claim; absent when none was needed."""


class ContainerExtendedResourceRequest(Model):
    """Which request of a claim serves an extended resource of a container."""

    containerName: Required[str] = ""
    """Name of the container."""
    resourceName: Required[str] = ""
    """Name of the extended resource."""
    requestName: Required[str] = ""
    """Name of the request in the claim."""


class PodExtendedResourceClaimStatus(Model):
    """The claim that was made for the pod's extended resources."""

    requestMappings: Required[list[ContainerExtendedResourceRequest]] = Field(default_factory=list)
    """Which request serves which resource."""
    resourceClaimName: Required[str] = ""
    """Name of the claim."""


class NodeAllocatableResourceClaimStatus(Model):
    """What a claim takes of the node's own resources."""

    resourceClaimName: Required[str] = ""
    """Name of the claim."""
    containers: Annotated[list[str], ListKeys()] = Field(default_factory=list)
    """Containers that use the claim."""
    resources: Required[ResourceList] = Field(default_factory=dict)
    """What it takes."""


class PodStatus(Model):
    """What is known of a pod; may lag behind."""

    observedGeneration: Int64 = 0
    """The ``metadata.generation`` the node has acted on."""
    phase: str = ""
    """``Pending``, ``Running``, ``Succeeded``, ``Failed`` or ``Unknown``."""
    conditions: Annotated[list[PodCondition], MergeKey("type"), ListKeys(("type",))] = Field(
        default_factory=list
    )
    """Aspects of the pod's state."""
    message: str = ""
    """Why the pod is as it is, for people."""
    reason: str = ""
    """The same in one word, such as ``Evicted``."""
    nominatedNodeName: str = ""
    """Node on which pods are being preempted for this one."""
    hostIP: str = ""
    """Address of the node."""
    hostIPs: Annotated[list[HostIP], MergeKey("ip")] = Field(default_factory=list)
    """All addresses of the node; ``hostIP`` first."""
    podIP: str = ""
    """Address of the pod."""
    podIPs: Annotated[list[PodIP], MergeKey("ip"), ListKeys(("ip",))] = Field(default_factory=list)
    """All addresses of the pod, at most one per IP family; ``podIP`` first."""
    startTime: Time | None = None
    """When the agent took the pod on, before pulling images."""
    initContainerStatuses: list[ContainerStatus] = Field(default_factory=list)
    """The init containers, in their order."""
    containerStatuses: list[ContainerStatus] = Field(default_factory=list)
    """The containers."""
    qosClass: str = ""
    """``Guaranteed``, ``Burstable`` or ``BestEffort``, from requests and limits."""
    ephemeralContainerStatuses: list[ContainerStatus] = Field(default_factory=list)
    """The ephemeral containers."""
    resize: str = ""
    """Deprecated; progress of a resize in place."""
    resourceClaimStatuses: Annotated[
        list[PodResourceClaimStatus], MergeKey("name", retain_keys=True), ListKeys(("name",))
    ] = Field(default_factory=list)
    """The claims made for ``spec.resourceClaims``."""
    extendedResourceClaimStatus: PodExtendedResourceClaimStatus | None = None
    """The claim made for extended resources."""
    allocatedResources: ResourceList = Field(default_factory=dict)
    """Requests the node has reserved for the pod as a whole."""
    resources: ResourceRequirements | None = None
    """Requests and limits in force for the pod as a whole."""
    nodeAllocatableResourceClaimStatuses: list[NodeAllocatableResourceClaimStatus] = Field(default_factory=list)
    """What its claims take of the node's own resources."""
