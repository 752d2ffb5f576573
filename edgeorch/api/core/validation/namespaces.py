"""Validation of namespaces."""

from __future__ import annotations

from edgeorch.api.core.namespace import Namespace
from edgeorch.api.meta_validation import validate_finalizer, validate_meta, validate_meta_update
from edgeorch.api.names import dns_label_problems
from edgeorch.api.validation import FieldError, Path, bad


def validate_namespace(namespace: Namespace) -> list[FieldError]:
    """Check a new namespace (``ValidateNamespace``)."""
    errors = validate_meta(namespace.metadata, namespaced=False, name_rule=dns_label_problems)
    return errors + _validate_finalizers(namespace)


def validate_namespace_update(new: Namespace, old: Namespace) -> list[FieldError]:
    """Check a change of a namespace (``ValidateNamespaceUpdate``)."""
    return validate_meta_update(new.metadata, old.metadata)


def validate_namespace_finalize(new: Namespace, old: Namespace) -> list[FieldError]:
    """Check a change through ``finalize`` (``ValidateNamespaceFinalizeUpdate``)."""
    return validate_meta_update(new.metadata, old.metadata) + _validate_finalizers(new)


def validate_namespace_status_update(new: Namespace, old: Namespace) -> list[FieldError]:
    """Check a change of a namespace's status (``ValidateNamespaceStatusUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata)
    path, phase = Path("status").child("phase"), new.status.phase
    if new.metadata.deletionTimestamp is None:
        if phase != "Active":
            errors.append(bad(path, phase, "may only be 'Active' if `deletionTimestamp` is empty"))
    elif phase != "Terminating":
        errors.append(bad(path, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty"))
    return errors


def _validate_finalizers(namespace: Namespace) -> list[FieldError]:
    path = Path("spec").child("finalizers")
    return [
        error
        for number, name in enumerate(namespace.spec.finalizers)
        for error in validate_finalizer(name, path.at(number))
    ]
