"""Validation of a pod's volumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from edgeorch.api.core.validation.downward import (
    VOLUME_FIELDS,
    validate_object_field,
    validate_resource_field,
)
from edgeorch.api.core.volume import (
    ConfigMapVolumeSource,
    DownwardAPIVolumeFile,
    DownwardAPIVolumeSource,
    EmptyDirVolumeSource,
    HostPathVolumeSource,
    KeyToPath,
    PersistentVolumeClaimVolumeSource,
    ProjectedVolumeSource,
    SecretVolumeSource,
    ServiceAccountTokenProjection,
    Volume,
    VolumeProjection,
)
from edgeorch.api.core.volume_network import NFSVolumeSource
from edgeorch.api.names import dns_label_problems
from edgeorch.api.quantity import Amount
from edgeorch.api.validation import FieldError, Path, bad, duplicate, forbidden, not_supported, required

MAX_MODE = 0o777
MODE_RULE = "must be a number between 0 and 0777 (octal), both inclusive"
BACKSTEPS = "must not contain '..'"

HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)

_MIN_TOKEN_SECONDS = 600
_MAX_TOKEN_SECONDS = 1 << 32

_REQUIRED: dict[str, tuple[str, ...]] = {
    "awsElasticBlockStore": ("volumeID",),
    "azureDisk": ("diskName", "diskURI"),
    "azureFile": ("secretName", "shareName"),
    "cephfs": ("monitors",),
    "cinder": ("volumeID",),
    "csi": ("driver",),
    "ephemeral": ("volumeClaimTemplate",),
    "flexVolume": ("driver",),
    "gcePersistentDisk": ("pdName",),
    "gitRepo": ("repository",),
    "glusterfs": ("endpoints", "path"),
    "image": ("reference",),
    "iscsi": ("targetPortal", "iqn"),
    "photonPersistentDisk": ("pdID",),
    "portworxVolume": ("volumeID",),
    "quobyte": ("registry", "volume"),
    "rbd": ("monitors", "image"),
    "scaleIO": ("gateway", "system", "secretRef", "volumeName"),
    "storageos": ("volumeName",),
    "vsphereVolume": ("volumePath",),
}
"""What the sources without effect must at least say; the others have their own functions."""


def validate_volumes(volumes: Sequence[Volume], path: Path) -> list[FieldError]:
    """Check names and sources (``ValidateVolumes``)."""
    errors: list[FieldError] = []
    names: set[str] = set()
    for number, volume in enumerate(volumes):
        here = path.at(number)
        errors += _validate_source(volume, here)
        if not volume.name:
            errors.append(required(here.child("name")))
        else:
            errors += [bad(here.child("name"), volume.name, p) for p in dns_label_problems(volume.name)]
        if volume.name in names:
            errors.append(duplicate(here.child("name"), volume.name))
        names.add(volume.name)
    return errors


def _validate_source(volume: Volume, path: Path) -> list[FieldError]:
    members = ((name, getattr(volume, name)) for name in type(volume).model_fields if name != "name")
    found = [(name, source) for name, source in members if source is not None]
    if not found:
        return [required(path, "must specify a volume type")]
    (name, source), *others = found
    errors = _check_source(name, source, path.child(name))
    errors += [forbidden(path.child(o), "may not specify more than 1 volume type") for o, _ in others]
    return errors


def _check_source(name: str, source: Any, path: Path) -> list[FieldError]:
    match source:
        case HostPathVolumeSource():
            return _validate_host_path(source, path)
        case EmptyDirVolumeSource():
            return _validate_empty_dir(source, path)
        case SecretVolumeSource():
            return [*_need(source, path, "secretName"), *_validate_files(source, path)]
        case ConfigMapVolumeSource():
            return [*_need(source, path, "name"), *_validate_files(source, path)]
        case DownwardAPIVolumeSource():
            return [
                *_validate_mode(source.defaultMode, path.child("defaultMode")),
                *_each(source.items, path.child("items"), _validate_downward_file),
            ]
        case ProjectedVolumeSource():
            return _validate_projected(source, path)
        case PersistentVolumeClaimVolumeSource():
            return _need(source, path, "claimName")
        case NFSVolumeSource():
            return _validate_nfs(source, path)
        case _:
            return _need(source, path, *_REQUIRED.get(name, ()))


def _need(source: Any, path: Path, *names: str) -> list[FieldError]:
    return [required(path.child(name)) for name in names if not getattr(source, name)]


def _each(items: Sequence[Any], path: Path, check: Callable[[Any, Path], list[FieldError]]) -> list[FieldError]:
    return [error for number, item in enumerate(items) for error in check(item, path.at(number))]


def _validate_host_path(source: HostPathVolumeSource, path: Path) -> list[FieldError]:
    errors = _need(source, path, "path")
    if ".." in source.path.split("/"):
        errors.append(bad(path.child("path"), source.path, BACKSTEPS))
    if source.type is not None and source.type not in HOST_PATH_TYPES:
        errors.append(not_supported(path.child("type"), source.type, HOST_PATH_TYPES))
    return errors


def _validate_empty_dir(source: EmptyDirVolumeSource, path: Path) -> list[FieldError]:
    if source.sizeLimit is not None and Amount.parse(source.sizeLimit).nanos < 0:
        return [forbidden(path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity")]
    return []


def _validate_nfs(source: NFSVolumeSource, path: Path) -> list[FieldError]:
    errors = _need(source, path, "server", "path")
    if source.path and not source.path.startswith("/"):
        errors.append(bad(path.child("path"), source.path, "must be an absolute path"))
    return errors


def _validate_files(source: SecretVolumeSource | ConfigMapVolumeSource, path: Path) -> list[FieldError]:
    return [
        *_validate_mode(source.defaultMode, path.child("defaultMode")),
        *_each(source.items, path.child("items"), _validate_key_to_path),
    ]


def _validate_key_to_path(item: KeyToPath, path: Path) -> list[FieldError]:
    return [
        *_need(item, path, "key"),
        *_validate_file_path(item.path, path.child("path")),
        *_validate_mode(item.mode, path.child("mode")),
    ]


def _validate_downward_file(file: DownwardAPIVolumeFile, path: Path) -> list[FieldError]:
    errors = _validate_file_path(file.path, path.child("path"))
    if file.fieldRef is not None:
        errors += validate_object_field(file.fieldRef, path.child("fieldRef"), VOLUME_FIELDS)
        if file.resourceFieldRef is not None:
            errors.append(
                bad(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
            )
    elif file.resourceFieldRef is not None:
        errors += validate_resource_field(
            file.resourceFieldRef, path.child("resourceFieldRef"), needs_container=True
        )
    else:
        errors.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    return errors + _validate_mode(file.mode, path.child("mode"))


def _validate_mode(mode: int | None, path: Path) -> list[FieldError]:
    return [] if mode is None or 0 <= mode <= MAX_MODE else [bad(path, mode, MODE_RULE)]


def _validate_file_path(text: str, path: Path) -> list[FieldError]:
    """Check the path of a file in a volume; names that start with ``..`` are the atomic writer's."""
    if not text:
        return [required(path)]
    errors = validate_descending_path(text, path)
    if text.startswith("..") and not text.startswith("../"):
        errors.append(bad(path, text, "must not start with '..'"))
    return errors


def validate_descending_path(text: str, path: Path) -> list[FieldError]:
    """Check a relative path that never goes up (``validateLocalDescendingPath``)."""
    errors: list[FieldError] = []
    if text.startswith("/"):
        errors.append(bad(path, text, "must be a relative path"))
    if ".." in text.split("/"):
        errors.append(bad(path, text, BACKSTEPS))
    return errors


def _validate_projected(source: ProjectedVolumeSource, path: Path) -> list[FieldError]:
    errors = _validate_mode(source.defaultMode, path.child("defaultMode"))
    taken: set[str] = set()
    for number, projection in enumerate(source.sources):
        here = path.child("sources").at(number)
        errors += _validate_projection(projection, here)
        for file in _projected_paths(projection):
            if file in taken:
                errors.append(bad(here, file, "conflicting duplicate paths"))
            taken.add(file)
    return errors


def _validate_projection(projection: VolumeProjection, path: Path) -> list[FieldError]:
    found = [name for name in type(projection).model_fields if getattr(projection, name) is not None]
    if not found:
        return [required(path, "must specify a volume type")]
    errors = [forbidden(path.child(name), "may not specify more than 1 volume type") for name in found[1:]]
    for name in ("secret", "configMap"):
        keys = getattr(projection, name)
        if keys is not None:
            here = path.child(name)
            errors += [
                *_need(keys, here, "name"),
                *_each(keys.items, here.child("items"), _validate_key_to_path),
            ]
    if projection.downwardAPI is not None:
        items = path.child("downwardAPI", "items")
        errors += _each(projection.downwardAPI.items, items, _validate_downward_file)
    if projection.serviceAccountToken is not None:
        errors += _validate_token(projection.serviceAccountToken, path.child("serviceAccountToken"))
    return errors


def _validate_token(token: ServiceAccountTokenProjection, path: Path) -> list[FieldError]:
    errors = _validate_file_path(token.path, path.child("path"))
    seconds, here = token.expirationSeconds, path.child("expirationSeconds")
    if seconds is not None and seconds < _MIN_TOKEN_SECONDS:
        errors.append(bad(here, seconds, "may not specify a duration less than 10 minutes"))
    if seconds is not None and seconds > _MAX_TOKEN_SECONDS:
        errors.append(bad(here, seconds, "may not specify a duration larger than 2^32 seconds"))
    return errors


def _projected_paths(projection: VolumeProjection) -> list[str]:
    paths: list[str] = []
    for keys in (projection.secret, projection.configMap, projection.downwardAPI):
        if keys is not None:
            paths += [item.path for item in keys.items if item.path]
    if projection.serviceAccountToken is not None:
        paths.append(projection.serviceAccountToken.path)
    return paths
