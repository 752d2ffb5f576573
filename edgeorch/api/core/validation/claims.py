"""Validation of PersistentVolumeClaims."""

from __future__ import annotations

from edgeorch.api.core.persistent_volume_claim import (
    BOUND,
    STORAGE,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
)
from edgeorch.api.core.references import TypedLocalObjectReference, TypedObjectReference
from edgeorch.api.core.requirements import ResourceList
from edgeorch.api.core.validation.differences import differences
from edgeorch.api.label_rules import qualified_name_problems
from edgeorch.api.meta_validation import (
    immutable,
    validate_label_selector,
    validate_meta,
    validate_meta_update,
)
from edgeorch.api.names import dns_label_problems, dns_subdomain_problems
from edgeorch.api.quantity import Amount
from edgeorch.api.validation import FieldError, Path, bad, forbidden, not_supported, required

ONE_POD = "ReadWriteOncePod"
ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", ONE_POD)
VOLUME_MODES = ("Block", "Filesystem")
RESIZE_STATUSES = (
    "ControllerResizeFailed",
    "ControllerResizeInProgress",
    "NodeResizeFailed",
    "NodeResizeInProgress",
    "NodeResizePending",
)

_SPEC = Path("spec")
_STATUS = Path("status")
_CLAIM = "PersistentVolumeClaim"
_FIXED = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)


def validate_claim(claim: PersistentVolumeClaim) -> list[FieldError]:
    """Check a new claim (``ValidatePersistentVolumeClaim``)."""
    return validate_meta(claim.metadata, namespaced=True) + validate_claim_spec(claim.spec, _SPEC)


def validate_claim_spec(spec: PersistentVolumeClaimSpec, path: Path) -> list[FieldError]:
    """Check what a claim asks for (``ValidatePersistentVolumeClaimSpec``)."""
    return [
        *_validate_modes(spec, path),
        *validate_label_selector(spec.selector, path.child("selector")),
        *_validate_size(spec.resources.requests, path.child("resources").key(STORAGE)),
        *_validate_class(spec.storageClassName, path.child("storageClassName")),
        *_validate_sources(spec, path),
        *_validate_class(spec.volumeAttributesClassName, path.child("volumeAttributesClassName")),
    ]


def _validate_modes(spec: PersistentVolumeClaimSpec, path: Path) -> list[FieldError]:
    here, modes = path.child("accessModes"), spec.accessModes
    errors = [not_supported(here, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
    if not modes:
        errors.append(required(here, "at least 1 access mode is required"))
    if ONE_POD in modes and set(modes) & set(ACCESS_MODES) != {ONE_POD}:
        errors.append(forbidden(here, f"may not use {ONE_POD} with other access modes"))
    if spec.volumeMode is not None and spec.volumeMode not in VOLUME_MODES:
        errors.append(not_supported(path.child("volumeMode"), spec.volumeMode, VOLUME_MODES))
    return errors


def _validate_size(requests: ResourceList, path: Path) -> list[FieldError]:
    text = requests.get(STORAGE)
    if text is None:
        return [required(path)]
    return [] if Amount.parse(text).nanos > 0 else [bad(path, text, "must be greater than zero")]


def _validate_class(name: str | None, path: Path) -> list[FieldError]:
    return [bad(path, name, problem) for problem in dns_subdomain_problems(name)] if name else []


def _validate_sources(spec: PersistentVolumeClaimSpec, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    source, reference = spec.dataSource, spec.dataSourceRef
    for name, given in (("dataSource", source), ("dataSourceRef", reference)):
        if given is not None:
            errors += _validate_source(given, path.child(name))
    if source is None or reference is None:
        return errors
    if reference.namespace:
        why = "may not be specified when dataSourceRef.namespace is specified"
        errors.append(bad(path, path.child("dataSource"), why))
    elif _names(source) != _names(reference):
        errors.append(bad(path, path.child("dataSource"), "must match dataSourceRef"))
    return errors


def _names(source: TypedLocalObjectReference | TypedObjectReference) -> tuple[str | None, str, str]:
    return source.apiGroup, source.kind, source.name


def _validate_source(source: TypedLocalObjectReference | TypedObjectReference, path: Path) -> list[FieldError]:
    errors = [required(path.child(name)) for name in ("name", "kind") if not getattr(source, name)]
    if not source.apiGroup and source.kind != _CLAIM:
        errors.append(bad(path, source.kind, f"must be '{_CLAIM}' when referencing the default apiGroup"))
    errors += _validate_class(source.apiGroup, path.child("apiGroup"))
    if isinstance(source, TypedObjectReference) and source.namespace:
        here = path.child("namespace")
        errors += [bad(here, source.namespace, problem) for problem in dns_label_problems(source.namespace)]
    return errors


def validate_claim_update(new: PersistentVolumeClaim, old: PersistentVolumeClaim) -> list[FieldError]:
    """Check a changed claim (``ValidatePersistentVolumeClaimUpdate``)."""
    changes = differences(old.spec.to_dict(), _with_mutable_of(old, new).to_dict(), _SPEC)
    told = "\n".join(changes)
    errors = validate_meta_update(new.metadata, old.metadata) + validate_claim_spec(new.spec, _SPEC)
    if told:
        errors.append(forbidden(_SPEC, f"{_FIXED}\n{told}"))
    asked, asks = _size(old.spec.resources.requests), _size(new.spec.resources.requests)
    if asks < asked and asks <= _size(old.status.capacity):
        path = _SPEC.child("resources", "requests", STORAGE)
        errors.append(forbidden(path, "field can not be less than status.capacity"))
    return errors + immutable(Path("volumeMode"), new.spec.volumeMode, old.spec.volumeMode)


def _with_mutable_of(old: PersistentVolumeClaim, new: PersistentVolumeClaim) -> PersistentVolumeClaimSpec:
    """Take from the new spec all but what may change: the rest must be the same."""
    was, spec = old.spec, new.spec.model_copy(deep=True)
    spec.volumeName = was.volumeName if not was.volumeName else spec.volumeName
    if was.storageClassName is None:
        spec.storageClassName = None
    if old.status.phase == BOUND and STORAGE in was.resources.requests:
        spec.resources.requests[STORAGE] = was.resources.requests[STORAGE]
    spec.volumeAttributesClassName = was.volumeAttributesClassName
    return spec


def _size(resources: ResourceList) -> Amount:
    return Amount.parse(resources.get(STORAGE, "0"))


def validate_claim_status_update(new: PersistentVolumeClaim, old: PersistentVolumeClaim) -> list[FieldError]:
    """Check a changed status (``ValidatePersistentVolumeClaimStatusUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata)
    status = new.status
    errors += _validate_amounts(status.capacity, _STATUS.child("capacity"))
    for name, state in status.allocatedResourceStatuses.items():
        # Kubernetes leaves the last letters of the field out here.
        path = _STATUS.child("allocatedResourceStatus")
        errors += _validate_key(name, path)
        if state not in RESIZE_STATUSES:
            errors.append(not_supported(path, name, RESIZE_STATUSES))
    allocated = _STATUS.child("allocatedResources")
    for name in status.allocatedResources:
        errors += _validate_key(name, allocated)
    return errors + _validate_amounts(status.allocatedResources, allocated)


def _validate_amounts(resources: ResourceList, path: Path) -> list[FieldError]:
    return [
        bad(path.key(name), text, "must be a valid resource quantity")
        for name, text in resources.items()
        if Amount.parse(text).nanos < 0
    ]


def _validate_key(name: str, path: Path) -> list[FieldError]:
    """Check what is allocated: of Kubernetes' own resources only ``storage``."""
    if problems := qualified_name_problems(name):
        return [bad(path, name, problem) for problem in problems]
    native = "/" not in name or "kubernetes.io/" in name
    return [not_supported(path, name, (STORAGE,))] if native and name != STORAGE else []
