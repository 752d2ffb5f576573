"""What a pod's volumes hold, before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.volume import (
    ConfigMapProjection,
    ConfigMapVolumeSource,
    DownwardAPIVolumeFile,
    KeyToPath,
    ProjectedVolumeSource,
    SecretProjection,
    SecretVolumeSource,
    Volume,
    VolumeProjection,
)
from edgeorch_agent.pods.resolve.downward import Surroundings, field_text, resource_text
from edgeorch_agent.pods.resolve.errors import ConfigError, MountError
from edgeorch_agent.pods.resolve.inputs import Inputs, config_map_bytes, secret_bytes

DEFAULT_MODE = 0o644


@dataclass(frozen=True, slots=True)
class File:
    """One file of a volume."""

    content: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class Tree:
    """A volume of files that the agent writes, and rewrites when their source changes."""

    name: str
    files: Mapping[str, File] = field(default_factory=dict)
    """By relative path."""
    secret: bool = False
    """Must not touch the disk."""


@dataclass(frozen=True, slots=True)
class Folder:
    """An emptyDir: made once, and the pod's to fill."""

    name: str
    memory: bool = False


@dataclass(frozen=True, slots=True)
class HostPath:
    """Something of the node's own file system."""

    name: str
    path: str
    type: str = ""


Source = Tree | Folder | HostPath


def sources(pod: Pod, inputs: Inputs, around: Surroundings) -> tuple[Source, ...]:
    """Resolve all volumes; raises MountError in kubelet's words for the first that cannot be."""
    return tuple(_source(pod, volume, inputs, around) for volume in pod.spec.volumes)


def _source(pod: Pod, volume: Volume, inputs: Inputs, around: Surroundings) -> Source:
    try:
        return _known(pod, volume, inputs, around)
    except ConfigError as exc:
        raise MountError(volume.name, str(exc)) from exc


def _known(pod: Pod, volume: Volume, inputs: Inputs, around: Surroundings) -> Source:
    name = volume.name
    if volume.emptyDir is not None:
        return Folder(name, memory=volume.emptyDir.medium == "Memory")
    if volume.hostPath is not None:
        return HostPath(name, volume.hostPath.path, volume.hostPath.type or "")
    if (cm := volume.configMap) is not None:
        return Tree(name, _from_config_map(cm.name, _Wanted.of(cm, _mode(cm.defaultMode)), inputs))
    if (secret := volume.secret) is not None:
        wanted = _Wanted.of(secret, _mode(secret.defaultMode))
        return Tree(name, _from_secret(secret.secretName, wanted, inputs), secret=True)
    if (downward := volume.downwardAPI) is not None:
        return Tree(name, _from_downward(downward.items, _mode(downward.defaultMode), pod, around))
    if volume.projected is not None:
        return _projected(name, volume.projected, pod, inputs, around)
    kind = next(iter(sorted(volume.model_fields_set - {"name"})), "")
    if not kind:
        return Folder(name)  # Kubernetes' default for a volume without a source
    raise ConfigError(f'volumes of type "{kind}" are not supported by edgeorch')


def _mode(given: int | None) -> int:
    return DEFAULT_MODE if given is None else given


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a volume takes from a ConfigMap or Secret."""

    items: list[KeyToPath]
    """Empty takes all keys."""
    optional: bool
    mode: int

    @classmethod
    def of(
        cls,
        source: ConfigMapVolumeSource | ConfigMapProjection | SecretVolumeSource | SecretProjection,
        mode: int,
    ) -> _Wanted:
        return cls(source.items, bool(source.optional), mode)

    def pick(self, data: Mapping[str, bytes], missing: str) -> dict[str, File]:
        """Give all keys, or those that are asked for under the paths that are asked for."""
        if not self.items:
            return {_safe(key): File(value, self.mode) for key, value in data.items()}
        files = {}
        for item in self.items:
            if item.key in data:
                files[_safe(item.path)] = File(data[item.key], self.mode if item.mode is None else item.mode)
            elif not self.optional:
                raise ConfigError(missing.format(item.key))
        return files


def _projected(
    name: str, volume: ProjectedVolumeSource, pod: Pod, inputs: Inputs, around: Surroundings
) -> Tree:
    files: dict[str, File] = {}
    for part in volume.sources:
        files.update(_projection(part, _mode(volume.defaultMode), pod, inputs, around))
    return Tree(name, files, secret=any(part.secret is not None for part in volume.sources))


def _projection(
    part: VolumeProjection, mode: int, pod: Pod, inputs: Inputs, around: Surroundings
) -> dict[str, File]:
    if (cm := part.configMap) is not None:
        return _from_config_map(cm.name, _Wanted.of(cm, mode), inputs)
    if (secret := part.secret) is not None:
        return _from_secret(secret.name, _Wanted.of(secret, mode), inputs)
    if part.downwardAPI is not None:
        return _from_downward(part.downwardAPI.items, mode, pod, around)
    # Service account tokens are not issued yet: the pod starts without one, as it would outside a cluster.
    return {}


def _from_config_map(name: str, wanted: _Wanted, inputs: Inputs) -> dict[str, File]:
    found = inputs.config_map(name, optional=wanted.optional)
    data = config_map_bytes(found) if found else {}
    return wanted.pick(data, "configmap references non-existent config key: {}")


def _from_secret(name: str, wanted: _Wanted, inputs: Inputs) -> dict[str, File]:
    found = inputs.secret(name, optional=wanted.optional)
    data = secret_bytes(found) if found else {}
    return wanted.pick(data, "references non-existent secret key: {}")


def _from_downward(
    items: Iterable[DownwardAPIVolumeFile], mode: int, pod: Pod, around: Surroundings
) -> dict[str, File]:
    files = {}
    for item in items:
        if item.fieldRef is not None:
            text = field_text(pod, item.fieldRef, around)
        elif item.resourceFieldRef is not None:
            text = resource_text(pod, None, item.resourceFieldRef, around.node)
        else:
            continue
        files[_safe(item.path)] = File(text.encode(), mode if item.mode is None else item.mode)
    return files


def _safe(path: str) -> str:
    """Refuse what would leave the volume: the API server has validated it, but this writes as root."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or parts[0].startswith(".."):
        raise ConfigError(f'invalid path "{path}"')
    return str(PurePosixPath(path))
