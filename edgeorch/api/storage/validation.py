"""Defaults and validation of storage classes (``pkg/apis/storage``)."""

from __future__ import annotations

from edgeorch.api.label_rules import label_value_problems, qualified_name_problems
from edgeorch.api.meta_validation import immutable, validate_meta, validate_meta_update
from edgeorch.api.storage.storage_class import StorageClass
from edgeorch.api.validation import (
    FieldError,
    Path,
    bad,
    duplicate,
    forbidden,
    not_supported,
    required,
    too_long,
)

RECLAIM_POLICIES = ("Delete", "Retain")
BINDING_MODES = ("Immediate", "WaitForFirstConsumer")
MAX_PARAMETERS = 512
MAX_PARAMETER_BYTES = 256 * 1024


def default_storage_class(one: StorageClass) -> None:
    """Delete volumes with their claims, and bind them at once (``SetDefaults_StorageClass``)."""
    one.reclaimPolicy = one.reclaimPolicy or "Delete"
    one.volumeBindingMode = one.volumeBindingMode or "Immediate"


def validate_storage_class(one: StorageClass) -> list[FieldError]:
    """Check a new class (``ValidateStorageClass``)."""
    return validate_meta(one.metadata, namespaced=False) + _validate_content(one)


def validate_storage_class_update(new: StorageClass, old: StorageClass) -> list[FieldError]:
    """Check a changed class (``ValidateStorageClassUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata) + _validate_content(new)
    changed = {
        "parameters": "updates to parameters are forbidden.",
        "provisioner": "updates to provisioner are forbidden.",
    }
    for name, why in changed.items():
        if getattr(new, name) != getattr(old, name):
            errors.append(forbidden(Path(name), why))
    if new.reclaimPolicy != old.reclaimPolicy:
        errors.append(forbidden(Path("reclaimPolicy"), "updates to reclaimPolicy are forbidden."))
    return errors + immutable(Path("volumeBindingMode"), new.volumeBindingMode, old.volumeBindingMode)


def _validate_content(one: StorageClass) -> list[FieldError]:
    errors: list[FieldError] = []
    path = Path("provisioner")
    if not one.provisioner:
        errors.append(required(path))
    else:
        errors += [bad(path, one.provisioner, p) for p in qualified_name_problems(one.provisioner.lower())]
    path = Path("parameters")
    if len(one.parameters) > MAX_PARAMETERS:
        errors.append(too_long(path, MAX_PARAMETERS))
    elif sum(len(key) + len(value) for key, value in one.parameters.items()) > MAX_PARAMETER_BYTES:
        errors.append(too_long(path, MAX_PARAMETER_BYTES))
    if "" in one.parameters:
        errors.append(bad(path, "", "field can not be empty."))
    if one.reclaimPolicy not in RECLAIM_POLICIES:
        errors.append(not_supported(Path("reclaimPolicy"), one.reclaimPolicy, RECLAIM_POLICIES))
    if one.volumeBindingMode not in BINDING_MODES:
        errors.append(not_supported(Path("volumeBindingMode"), one.volumeBindingMode, BINDING_MODES))
    return errors + _validate_places(one)


def _validate_places(one: StorageClass) -> list[FieldError]:
    errors: list[FieldError] = []
    for number, term in enumerate(one.allowedTopologies):
        seen: set[str] = set()
        for index, label in enumerate(term.matchLabelExpressions):
            path = Path("allowedTopologies").at(number).child("matchLabelExpressions").at(index)
            errors += [bad(path.child("key"), label.key, p) for p in qualified_name_problems(label.key)]
            if not label.values:
                errors.append(required(path.child("values")))
            for place, value in enumerate(label.values):
                here = path.child("values").at(place)
                errors += [bad(here, value, p) for p in label_value_problems(value)]
            if label.key in seen:
                errors.append(duplicate(path.child("key"), label.key))
            seen.add(label.key)
    return errors
