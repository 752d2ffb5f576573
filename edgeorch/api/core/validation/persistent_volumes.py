"""Defaults and validation of PersistentVolumes (``ValidatePersistentVolume``)."""

from __future__ import annotations

from collections.abc import Iterator

from edgeorch.api.core.persistent_volume import SOURCES, PersistentVolume, PersistentVolumeSpec
from edgeorch.api.core.persistent_volume_claim import STORAGE
from edgeorch.api.core.validation.claims import ACCESS_MODES, ONE_POD, VOLUME_MODES
from edgeorch.api.core.validation.differences import differences
from edgeorch.api.core.validation.scheduling import validate_node_selector
from edgeorch.api.meta_validation import immutable, validate_meta, validate_meta_update
from edgeorch.api.names import dns_subdomain_problems
from edgeorch.api.quantity import Amount
from edgeorch.api.validation import FieldError, Path, bad, forbidden, not_supported, required

RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
_SPEC = Path("spec")


def default_volume(volume: PersistentVolume) -> None:
    """Keep what is on it, as a file system (``SetDefaults_PersistentVolume``)."""
    spec = volume.spec
    volume.status.phase = volume.status.phase or "Pending"
    spec.persistentVolumeReclaimPolicy = spec.persistentVolumeReclaimPolicy or "Retain"
    if spec.volumeMode is None:
        spec.volumeMode = "Filesystem"


def validate_volume(volume: PersistentVolume) -> list[FieldError]:
    """Check a new volume."""
    return [*validate_meta(volume.metadata, namespaced=False), *_validate_spec(volume.spec)]


def validate_volume_update(new: PersistentVolume, old: PersistentVolume) -> list[FieldError]:
    """Check a changed volume (``ValidatePersistentVolumeUpdate``): it stays what it is."""
    errors = [*validate_meta_update(new.metadata, old.metadata), *_validate_spec(new.spec)]
    was, spec = ({name: getattr(v.spec, name) for name in SOURCES} for v in (old, new))
    if was != spec:
        before, after = (v.spec.model_copy(update={"claimRef": None}).to_dict() for v in (old, new))
        told = "\n".join(differences(before, after, _SPEC))
        path = _SPEC.child("persistentvolumesource")
        errors.append(forbidden(path, f"spec.persistentvolumesource is immutable after creation\n{told}"))
    return errors + immutable(_SPEC.child("volumeMode"), new.spec.volumeMode, old.spec.volumeMode)


def _validate_spec(spec: PersistentVolumeSpec) -> Iterator[FieldError]:
    yield from _validate_modes(spec)
    yield from _validate_capacity(spec)
    policy = spec.persistentVolumeReclaimPolicy
    if policy not in RECLAIM_POLICIES:
        yield not_supported(_SPEC.child("persistentVolumeReclaimPolicy"), policy, RECLAIM_POLICIES)
    if spec.nodeAffinity is not None:
        path = _SPEC.child("nodeAffinity", "required")
        if spec.nodeAffinity.required is None:
            yield required(path, "must specify required node constraints")
        else:
            yield from validate_node_selector(spec.nodeAffinity.required, path)
    yield from _validate_source(spec)
    if spec.storageClassName:
        for problem in dns_subdomain_problems(spec.storageClassName):
            yield bad(_SPEC.child("storageClassName"), spec.storageClassName, problem)
    if spec.volumeMode is not None and spec.volumeMode not in VOLUME_MODES:
        yield not_supported(_SPEC.child("volumeMode"), spec.volumeMode, VOLUME_MODES)


def _validate_modes(spec: PersistentVolumeSpec) -> Iterator[FieldError]:
    path, modes = _SPEC.child("accessModes"), spec.accessModes
    if not modes:
        yield required(path)
    for mode in modes:
        if mode not in ACCESS_MODES:
            yield not_supported(path, mode, ACCESS_MODES)
    if ONE_POD in modes and set(modes) & set(ACCESS_MODES) != {ONE_POD}:
        yield forbidden(path, f"may not use {ONE_POD} with other access modes")


def _validate_capacity(spec: PersistentVolumeSpec) -> Iterator[FieldError]:
    path = _SPEC.child("capacity")
    if not spec.capacity:
        yield required(path)
    elif set(spec.capacity) != {STORAGE}:
        yield not_supported(path, sorted(spec.capacity), (STORAGE,))
    for name, text in spec.capacity.items():
        if Amount.parse(text).nanos <= 0:
            yield bad(path.key(name), text, "must be greater than zero")


def _validate_source(spec: PersistentVolumeSpec) -> Iterator[FieldError]:
    found = [name for name in SOURCES if getattr(spec, name) is not None]
    if not found:
        yield required(_SPEC, "must specify a volume type")
    for name in found[1:]:
        yield forbidden(_SPEC.child(name), "may not specify more than 1 volume type")
    local = spec.local
    if local is not None and not local.path:
        yield required(_SPEC.child("local", "path"))
    if local is not None and spec.nodeAffinity is None:
        yield required(_SPEC.child("nodeAffinity"), "Local volume requires node affinity")
    if spec.hostPath is not None:
        if not spec.hostPath.path:
            yield required(_SPEC.child("hostPath", "path"))
        elif ".." in spec.hostPath.path.split("/"):
            yield bad(_SPEC.child("hostPath", "path"), spec.hostPath.path, "must not contain '..'")
    needed = {"nfs": ("server", "path"), "csi": ("driver", "volumeHandle")}
    for name, fields in needed.items():
        source = getattr(spec, name)
        for field in fields if source is not None else ():
            if not getattr(source, field):
                yield required(_SPEC.child(name, field))
