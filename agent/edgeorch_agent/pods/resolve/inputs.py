"""The ConfigMaps and Secrets that a pod refers to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.volume import Volume
from edgeorch_agent.pods.resolve.errors import ConfigError

Reference = tuple[str, str]
"""``configmaps`` or ``secrets``, and a name in the pod's namespace."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What of a namespace a pod may read, by name."""

    config_maps: Mapping[str, ConfigMap] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)

    def config_map(self, name: str, *, optional: bool | None = False) -> ConfigMap | None:
        """Find a ConfigMap; raises ConfigError when it is missing and needed."""
        found = self.config_maps.get(name)
        if found is None and not optional:
            raise ConfigError(f'configmap "{name}" not found')
        return found

    def secret(self, name: str, *, optional: bool | None = False) -> Secret | None:
        """Find a Secret; raises ConfigError when it is missing and needed."""
        found = self.secrets.get(name)
        if found is None and not optional:
            raise ConfigError(f'secret "{name}" not found')
        return found


def config_map_bytes(found: ConfigMap) -> dict[str, bytes]:
    """Give all keys of a ConfigMap, text and binary ones."""
    text = {key: value.encode() for key, value in found.data.items()}
    return text | {key: base64.b64decode(value) for key, value in found.binaryData.items()}


def secret_bytes(found: Secret) -> dict[str, bytes]:
    """Give all keys of a Secret, decoded."""
    return {key: base64.b64decode(value) for key, value in found.data.items()}


def references(pod: Pod) -> frozenset[Reference]:
    """Say which ConfigMaps and Secrets matter to a pod, optional ones too."""
    found: set[Reference] = {("secrets", s.name) for s in pod.spec.imagePullSecrets if s.name}
    for container in [*pod.spec.initContainers, *pod.spec.containers]:
        found.update(_of_container(container))
    for volume in pod.spec.volumes:
        found.update(_of_volume(volume))
    return frozenset(found)


def _of_container(container: Container) -> Iterator[Reference]:
    for source in container.envFrom:
        if source.configMapRef:
            yield "configmaps", source.configMapRef.name
        if source.secretRef:
            yield "secrets", source.secretRef.name
    for variable in container.env:
        origin = variable.valueFrom
        if origin and origin.configMapKeyRef:
            yield "configmaps", origin.configMapKeyRef.name
        if origin and origin.secretKeyRef:
            yield "secrets", origin.secretKeyRef.name


def _of_volume(volume: Volume) -> Iterator[Reference]:
    if volume.configMap:
        yield "configmaps", volume.configMap.name
    if volume.secret:
        yield "secrets", volume.secret.secretName
    for part in volume.projected.sources if volume.projected else ():
        if part.configMap:
            yield "configmaps", part.configMap.name
        if part.secret:
            yield "secrets", part.secret.name


def fingerprint(pod: Pod, inputs: Inputs) -> str:
    """Give a text that changes whenever one of the pod's inputs does, or appears, or goes.

    Labels and annotations of the pod count, because downward API volumes show them.
    """
    digest = hashlib.blake2b(digest_size=8)
    for kind, name in sorted(references(pod)):
        holder: Mapping[str, ConfigMap | Secret] = (
            inputs.config_maps if kind == "configmaps" else inputs.secrets
        )
        found = holder.get(name)
        version = (found.metadata.uid, found.metadata.resourceVersion) if found else None
        digest.update(repr((kind, name, version)).encode())
    if any(v.downwardAPI or v.projected for v in pod.spec.volumes):
        meta = pod.metadata
        digest.update(repr((sorted(meta.labels.items()), sorted(meta.annotations.items()))).encode())
    return digest.hexdigest()
