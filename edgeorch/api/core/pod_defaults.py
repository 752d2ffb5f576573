"""Defaults of pods and pod templates, as in Kubernetes' ``pkg/apis/core/v1/defaults.go``.

All functions fill in what is missing, in place, and are idempotent.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgeorch.api import resource_math
from edgeorch.api.core.container import Container
from edgeorch.api.core.images import default_pull_policy
from edgeorch.api.core.pod import Pod, PodSpec
from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.core.probes import HTTPGetAction, Probe
from edgeorch.api.core.references import ObjectFieldSelector
from edgeorch.api.core.requirements import ResourceList, ResourceRequirements
from edgeorch.api.core.security import PodSecurityContext
from edgeorch.api.core.volume import DownwardAPIVolumeFile, EmptyDirVolumeSource, ProjectedVolumeSource, Volume

DEFAULT_SCHEDULER = "default-scheduler"
DEFAULT_GRACE_SECONDS = 30
DEFAULT_FILE_MODE = 0o644
DEFAULT_TOKEN_SECONDS = 3600


def default_pod(pod: Pod) -> None:
    """Fill in a pod's defaults."""
    spec = pod.spec
    _default_spec(spec)
    for container in (*spec.initContainers, *spec.containers):
        _requests_from_limits(container.resources)
    if spec.resources is not None:
        _requests_from_limits(spec.resources)
    if spec.enableServiceLinks is None:
        spec.enableServiceLinks = True
    if spec.hostNetwork:
        _host_network_ports(spec)


def default_pod_template(template: PodTemplateSpec) -> None:
    """Fill in the defaults of a controller's pod template.

    Requests, host ports and service links are left to the pods made of it, as Kubernetes does, so that a
    template reads back as it was written.
    """
    _default_spec(template.spec)


def _default_spec(spec: PodSpec) -> None:
    spec.restartPolicy = spec.restartPolicy or "Always"
    spec.dnsPolicy = spec.dnsPolicy or "ClusterFirst"
    spec.schedulerName = spec.schedulerName or DEFAULT_SCHEDULER
    # `serviceAccount` is the old name; Kubernetes keeps both equal for clients that read one of them.
    spec.serviceAccountName = spec.serviceAccountName or spec.serviceAccount
    spec.serviceAccount = spec.serviceAccountName
    if spec.terminationGracePeriodSeconds is None:
        spec.terminationGracePeriodSeconds = DEFAULT_GRACE_SECONDS
    if spec.securityContext is None:
        spec.securityContext = PodSecurityContext()
    spec.overhead = _rounded(spec.overhead)
    if spec.resources is not None:
        _round_requirements(spec.resources)
    for volume in spec.volumes:
        _default_volume(volume)
    for container in (*spec.initContainers, *spec.containers, *spec.ephemeralContainers):
        _default_container(container)


def _default_container(container: Container) -> None:
    container.imagePullPolicy = container.imagePullPolicy or default_pull_policy(container.image)
    container.terminationMessagePath = container.terminationMessagePath or "/dev/termination-log"
    container.terminationMessagePolicy = container.terminationMessagePolicy or "File"
    _round_requirements(container.resources)
    for port in container.ports:
        port.protocol = port.protocol or "TCP"
    for variable in container.env:
        if variable.valueFrom is not None:
            _default_field(variable.valueFrom.fieldRef)
    for probe in (container.livenessProbe, container.readinessProbe, container.startupProbe):
        if probe is not None:
            _default_probe(probe)
    if container.lifecycle is not None:
        for hook in (container.lifecycle.postStart, container.lifecycle.preStop):
            if hook is not None:
                _default_http_get(hook.httpGet)


def _default_probe(probe: Probe) -> None:
    _default_http_get(probe.httpGet)
    if probe.grpc is not None and probe.grpc.service is None:
        probe.grpc.service = ""
    probe.timeoutSeconds = probe.timeoutSeconds or 1
    probe.periodSeconds = probe.periodSeconds or 10
    probe.successThreshold = probe.successThreshold or 1
    probe.failureThreshold = probe.failureThreshold or 3


def _default_http_get(action: HTTPGetAction | None) -> None:
    if action is not None:
        action.path = action.path or "/"
        action.scheme = action.scheme or "HTTP"


def _default_field(selector: ObjectFieldSelector | None) -> None:
    if selector is not None:
        selector.apiVersion = selector.apiVersion or "v1"


def _default_volume(volume: Volume) -> None:
    if not sources(volume):
        volume.emptyDir = EmptyDirVolumeSource()
    if volume.hostPath is not None and volume.hostPath.type is None:
        volume.hostPath.type = ""
    for files in (volume.secret, volume.configMap, volume.downwardAPI, volume.projected):
        if files is not None and files.defaultMode is None:
            files.defaultMode = DEFAULT_FILE_MODE
    if volume.image is not None:
        volume.image.pullPolicy = volume.image.pullPolicy or default_pull_policy(volume.image.reference)
    if volume.ephemeral is not None and volume.ephemeral.volumeClaimTemplate is not None:
        claim = volume.ephemeral.volumeClaimTemplate.spec
        claim.volumeMode = claim.volumeMode or "Filesystem"
    for file in _downward_files(volume):
        _default_field(file.fieldRef)
    if volume.projected is not None:
        _default_tokens(volume.projected)
    _default_network_volume(volume)


def _downward_files(volume: Volume) -> Iterator[DownwardAPIVolumeFile]:
    if volume.downwardAPI is not None:
        yield from volume.downwardAPI.items
    if volume.projected is not None:
        for source in volume.projected.sources:
            if source.downwardAPI is not None:
                yield from source.downwardAPI.items


def _default_tokens(projected: ProjectedVolumeSource) -> None:
    for source in projected.sources:
        token = source.serviceAccountToken
        if token is not None and token.expirationSeconds is None:
            token.expirationSeconds = DEFAULT_TOKEN_SECONDS


def _default_network_volume(volume: Volume) -> None:
    # Without effect here, but a manifest must read back as Kubernetes would give it.
    if volume.iscsi is not None:
        volume.iscsi.iscsiInterface = volume.iscsi.iscsiInterface or "default"
    if volume.rbd is not None:
        volume.rbd.pool = volume.rbd.pool or "rbd"
        volume.rbd.user = volume.rbd.user or "admin"
        volume.rbd.keyring = volume.rbd.keyring or "/etc/ceph/keyring"
    if volume.scaleIO is not None:
        volume.scaleIO.storageMode = volume.scaleIO.storageMode or "ThinProvisioned"
        volume.scaleIO.fsType = volume.scaleIO.fsType or "xfs"
    if volume.azureDisk is not None:
        volume.azureDisk.cachingMode = volume.azureDisk.cachingMode or "ReadWrite"
        volume.azureDisk.kind = volume.azureDisk.kind or "Shared"
        volume.azureDisk.fsType = volume.azureDisk.fsType or "ext4"
        volume.azureDisk.readOnly = bool(volume.azureDisk.readOnly)


def sources(volume: Volume) -> list[str]:
    """Name the sources a volume has; a valid one has exactly one."""
    return [name for name in type(volume).model_fields if name != "name" and getattr(volume, name) is not None]


def _round_requirements(resources: ResourceRequirements) -> None:
    resources.limits = _rounded(resources.limits)
    resources.requests = _rounded(resources.requests)


def _rounded(resources: ResourceList) -> ResourceList:
    # Kubernetes does not count finer than milli, and rounds in the user's favour.
    amounts = resource_math.parse(resources)
    return {name: str(amount.rounded_to_milli()) for name, amount in amounts.items()}


def _requests_from_limits(resources: ResourceRequirements) -> None:
    resources.requests = {**resources.limits, **resources.requests}


def _host_network_ports(spec: PodSpec) -> None:
    # A container in the node's network listens on the node's ports, whether it says so or not.
    for container in (*spec.initContainers, *spec.containers):
        for port in container.ports:
            port.hostPort = port.hostPort or port.containerPort
