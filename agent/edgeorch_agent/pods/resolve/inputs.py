"""The ConfigMaps and Secrets that a pod refers to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_inputs import inputs_of
from edgeorch_agent.pods.resolve.errors import ConfigError


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


def fingerprint(pod: Pod, inputs: Inputs) -> str:
    """Give a text that changes whenever one of the pod's inputs does, or appears, or goes.

    Labels and annotations of the pod count, because downward API volumes show them.
    """
    digest = hashlib.blake2b(digest_size=8)
    for kind, name in sorted(inputs_of(pod.spec)):
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
