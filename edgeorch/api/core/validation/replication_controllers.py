"""Validation of ReplicationControllers."""

from __future__ import annotations

from edgeorch.api.core.replication_controller import (
    ReplicationController,
    ReplicationControllerSpec,
    ReplicationControllerStatus,
)
from edgeorch.api.core.validation.pod_templates import (
    validate_no_deadline,
    validate_pod_template,
    validate_restart_policy,
    validate_selected,
)
from edgeorch.api.meta_validation import NEGATIVE, validate_meta, validate_meta_update
from edgeorch.api.selectors import Selector
from edgeorch.api.validation import FieldError, Path, bad, required

_SPEC = Path("spec")
_STATUS = Path("status")
_PARTS = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")


def validate_replication_controller(obj: ReplicationController) -> list[FieldError]:
    """Check a new one (``ValidateReplicationController``)."""
    return validate_meta(obj.metadata, namespaced=True) + _validate_spec(obj.spec)


def validate_replication_controller_update(
    new: ReplicationController, old: ReplicationController
) -> list[FieldError]:
    """Check a changed one (``ValidateReplicationControllerUpdate``), which may have another selector."""
    return validate_meta_update(new.metadata, old.metadata) + _validate_spec(new.spec)


def _validate_spec(spec: ReplicationControllerSpec) -> list[FieldError]:
    errors = [
        bad(_SPEC.child(name), value, NEGATIVE)
        for name in ("minReadySeconds", "replicas")
        if (value := getattr(spec, name)) is not None and value < 0
    ]
    if not spec.selector:
        errors.append(required(_SPEC.child("selector")))
    path, template = _SPEC.child("template"), spec.template
    if template is None:
        return [*errors, required(path)]
    return [
        *errors,
        *validate_selected(template, Selector.from_set(spec.selector), path),
        *validate_pod_template(template, path),
        *validate_restart_policy(template, path, ("Always",)),
        *validate_no_deadline(template, path, "ReplicationController"),
    ]


def validate_replication_controller_status_update(
    new: ReplicationController, old: ReplicationController
) -> list[FieldError]:
    """Check a changed status (``ValidateReplicationControllerStatusUpdate``)."""
    return validate_meta_update(new.metadata, old.metadata) + _validate_status(new.status)


def _validate_status(status: ReplicationControllerStatus) -> list[FieldError]:
    counts = ("replicas", *_PARTS, "observedGeneration")
    errors = [bad(_STATUS.child(n), v, NEGATIVE) for n in counts if (v := getattr(status, n)) < 0]
    errors += [
        bad(_STATUS.child(name), value, "cannot be greater than status.replicas")
        for name in _PARTS
        if (value := getattr(status, name)) > status.replicas
    ]
    if status.availableReplicas > status.readyReplicas:
        why = "cannot be greater than readyReplicas"
        errors.append(bad(_STATUS.child("availableReplicas"), status.availableReplicas, why))
    return errors
