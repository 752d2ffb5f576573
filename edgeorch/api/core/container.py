"""Containers: images, commands, ports, environment and mounts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.core.probes import Lifecycle, Probe
from edgeorch.api.core.references import (
    ConfigMapKeySelector,
    FileKeySelector,
    ObjectFieldSelector,
    SecretKeySelector,
)
from edgeorch.api.core.requirements import ResourceFieldSelector, ResourceRequirements
from edgeorch.api.core.security import SecurityContext
from edgeorch.api.meta import Int32, ListKeys, MergeKey, Model, Required, Unsupported

NO_PROBES = Unsupported("probes are not run yet; a container that runs counts as ready")


class ContainerPort(Model):
    """A port the container listens on; without ``hostPort`` only documentation."""

    name: str = ""
    """Name that probes and services may use instead of the number; unique in the pod."""
    hostPort: Int32 = 0
    """Port of the node that is forwarded to the container; 0 is none."""
    containerPort: Required[Int32] = 0
    """Port in the pod's network, 1 to 65535."""
    protocol: str = ""
    """``TCP`` (the default), ``UDP`` or ``SCTP``."""
    hostIP: str = ""
    """Address of the node to which ``hostPort`` is bound; all when empty."""


class EnvVarSource(Model):
    """Where a variable's value comes from; exactly one is set."""

    fieldRef: ObjectFieldSelector | None = None
    """A field of the pod."""
    resourceFieldRef: ResourceFieldSelector | None = None
    """A request or limit of the container."""
    configMapKeyRef: ConfigMapKeySelector | None = None
    """A key of a ConfigMap."""
    secretKeyRef: SecretKeySelector | None = None
    """A key of a Secret."""
    fileKeyRef: Annotated[FileKeySelector | None, Unsupported("environment files in volumes are not read")] = (
        None
    )
    """A variable of an environment file in a volume."""


class EnvVar(Model):
    """One environment variable."""

    name: Required[str] = ""
    """Name of the variable."""
    value: str = ""
    """Value; ``$(OTHER)`` is replaced by a variable defined before, ``$$(OTHER)`` is not."""
    valueFrom: EnvVarSource | None = None
    """Source of the value, instead of ``value``."""


class ConfigMapEnvSource(Model):
    """Takes all keys of a ConfigMap."""

    name: str = ""
    """Name of the ConfigMap, in the pod's namespace."""
    optional: bool | None = None
    """Whether the container may start without it."""


class SecretEnvSource(Model):
    """Takes all keys of a Secret."""

    name: str = ""
    """Name of the Secret, in the pod's namespace."""
    optional: bool | None = None
    """Whether the container may start without it."""


class EnvFromSource(Model):
    """Variables from all keys of a ConfigMap or Secret; the last source wins, and ``env`` over all."""

    prefix: str = ""
    """Put before each key."""
    configMapRef: ConfigMapEnvSource | None = None
    """The ConfigMap to take."""
    secretRef: SecretEnvSource | None = None
    """The Secret to take."""


class VolumeMount(Model):
    """Where one of the pod's volumes appears in the container."""

    name: Required[str] = ""
    """Name of the volume in ``spec.volumes``."""
    readOnly: bool = False
    """Whether the mount is read-only."""
    recursiveReadOnly: Annotated[
        str | None, Unsupported("submounts keep their own mode below a read-only mount")
    ] = None
    """``Disabled``, ``IfPossible`` or ``Enabled``: whether ``readOnly`` holds for submounts too."""
    mountPath: Required[str] = ""
    """Path in the container; may not contain ``:``."""
    subPath: str = ""
    """Path in the volume to mount instead of its root."""
    mountPropagation: str | None = None
    """``None`` (the default), ``HostToContainer`` or ``Bidirectional``."""
    subPathExpr: str = ""
    """Like ``subPath``, with ``$(VAR)`` replaced from the container's environment."""


class VolumeDevice(Model):
    """Where a block volume appears in the container."""

    name: Required[str] = ""
    """Name of a persistentVolumeClaim in ``spec.volumes``."""
    devicePath: Required[str] = ""
    """Path of the device in the container."""


class ContainerResizePolicy(Model):
    """What resizing a resource in place does to the container."""

    resourceName: Required[str] = ""
    """``cpu`` or ``memory``."""
    restartPolicy: Required[str] = ""
    """``NotRequired`` or ``RestartContainer``."""


class ContainerRestartRuleOnExitCodes(Model):
    """Which exit codes a restart rule is about."""

    operator: Required[str] = ""
    """``In`` or ``NotIn``."""
    values: Annotated[list[Int32], ListKeys()] = Field(default_factory=list)
    """The exit codes."""


class ContainerRestartRule(Model):
    """What to do when a container exits in a given way."""

    action: Required[str] = ""
    """``Restart`` the container, or ``RestartAllContainers`` of the pod."""
    exitCodes: ContainerRestartRuleOnExitCodes | None = None
    """The exit codes that make the rule apply."""


class Container(Model):
    """One container of a pod."""

    name: Required[str] = ""
    """Name, a DNS label, unique in the pod; cannot change."""
    image: str = ""
    """Image reference; a missing registry and tag mean what Podman's configuration says and ``latest``."""
    command: list[str] = Field(default_factory=list)
    """Replaces the image's ENTRYPOINT; ``$(VAR)`` is replaced from the environment."""
    args: list[str] = Field(default_factory=list)
    """Replaces the image's CMD; ``$(VAR)`` is replaced from the environment."""
    workingDir: str = ""
    """Working directory; the image's when empty."""
    ports: Annotated[
        list[ContainerPort],
        MergeKey("containerPort"),
        ListKeys(("containerPort", "protocol"), defaults=(("protocol", "TCP"),)),
    ] = Field(default_factory=list)
    """Ports the container listens on."""
    envFrom: list[EnvFromSource] = Field(default_factory=list)
    """ConfigMaps and Secrets whose keys become environment variables."""
    env: Annotated[list[EnvVar], MergeKey("name"), ListKeys(("name",))] = Field(default_factory=list)
    """Environment variables."""
    resources: ResourceRequirements = Field(default_factory=ResourceRequirements)
    """What the container needs and what it may use."""
    resizePolicy: Annotated[list[ContainerResizePolicy], Unsupported("containers are not resized in place")] = (
        Field(default_factory=list)
    )
    """What resizing each resource in place does to the container."""
    restartPolicy: str | None = None
    """Overrides the pod's; ``Always`` on an init container makes it a sidecar."""
    restartPolicyRules: Annotated[
        list[ContainerRestartRule], Unsupported("restarts follow restartPolicy alone")
    ] = Field(default_factory=list)
    """Rules by exit code that come before ``restartPolicy``."""
    volumeMounts: Annotated[list[VolumeMount], MergeKey("mountPath"), ListKeys(("mountPath",))] = Field(
        default_factory=list
    )
    """Where the pod's volumes appear."""
    volumeDevices: Annotated[
        list[VolumeDevice],
        MergeKey("devicePath"),
        ListKeys(("devicePath",)),
        Unsupported("there are no block volumes"),
    ] = Field(default_factory=list)
    """Where the pod's block volumes appear."""
    livenessProbe: Annotated[Probe | None, NO_PROBES] = None
    """While it fails, the container is restarted."""
    readinessProbe: Annotated[Probe | None, NO_PROBES] = None
    """While it fails, the container is not ready and the pod gets no service traffic."""
    startupProbe: Annotated[Probe | None, NO_PROBES] = None
    """Until it succeeds the other probes wait; when it fails, the container is restarted."""
    lifecycle: Lifecycle | None = None
    """Hooks after the start and before the stop."""
    terminationMessagePath: str = ""
    """File in the container whose text explains its end; ``/dev/termination-log`` by default."""
    terminationMessagePolicy: str = ""
    """``File`` (the default), or ``FallbackToLogsOnError`` to use the end of the log when the file is empty."""
    imagePullPolicy: str = ""
    """``Always`` (the default for ``:latest``), ``IfNotPresent`` (the default otherwise) or ``Never``."""
    securityContext: SecurityContext | None = None
    """User, capabilities and confinement."""
    stdin: bool = False
    """Whether stdin is kept open for ``attach``."""
    stdinOnce: bool = False
    """Whether stdin is closed for good once the first client has gone."""
    tty: bool = False
    """Whether the container gets a terminal; needs ``stdin``."""


class EphemeralContainer(Container):
    """A container added to a running pod to debug it; never restarted."""

    targetContainerName: str = ""
    """Container whose namespaces it joins; the pod's own when empty."""
