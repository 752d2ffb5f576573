"""Which objects a pod reads: the server sends them to its node, the agent waits for them and watches them."""

from __future__ import annotations

from collections.abc import Iterator

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import PodSpec
from edgeorch.api.core.resources import CONFIG_MAPS, SECRETS
from edgeorch.api.core.volume import Volume

InputReference = tuple[str, str]
"""The key of the kind (``configmaps`` or ``secrets``), and a name in the pod's namespace."""


def inputs_of(spec: PodSpec) -> frozenset[InputReference]:
    """Find the ConfigMaps and Secrets of environment, volumes and image pulls, optional ones too."""
    found = {(SECRETS.key, reference.name) for reference in spec.imagePullSecrets}
    for container in (*spec.initContainers, *spec.containers, *spec.ephemeralContainers):
        found.update(_of_container(container))
    for volume in spec.volumes:
        found.update(_of_volume(volume))
    return frozenset((kind, name) for kind, name in found if name)


def _of_container(container: Container) -> Iterator[InputReference]:
    for source in container.envFrom:
        if source.configMapRef is not None:
            yield CONFIG_MAPS.key, source.configMapRef.name
        if source.secretRef is not None:
            yield SECRETS.key, source.secretRef.name
    for variable in container.env:
        value = variable.valueFrom
        if value is not None and value.configMapKeyRef is not None:
            yield CONFIG_MAPS.key, value.configMapKeyRef.name
        if value is not None and value.secretKeyRef is not None:
            yield SECRETS.key, value.secretKeyRef.name


def _of_volume(volume: Volume) -> Iterator[InputReference]:
    if volume.configMap is not None:
        yield CONFIG_MAPS.key, volume.configMap.name
    if volume.secret is not None:
        yield SECRETS.key, volume.secret.secretName
    for source in volume.projected.sources if volume.projected is not None else ():
        if source.configMap is not None:
            yield CONFIG_MAPS.key, source.configMap.name
        if source.secret is not None:
            yield SECRETS.key, source.secret.name
