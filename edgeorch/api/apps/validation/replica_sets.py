"""Validation of ReplicaSets."""

from __future__ import annotations

from edgeorch.api.apps.replica_set import ReplicaSet, ReplicaSetSpec
from edgeorch.api.apps.validation.common import (
    MORE_THAN_READY,
    MORE_THAN_REPLICAS,
    SPEC,
    STATUS,
    validate_at_most,
    validate_not_negative,
    validate_selector_and_template,
)
from edgeorch.api.meta_validation import immutable, validate_meta, validate_meta_update
from edgeorch.api.validation import FieldError


def validate_replica_set(obj: ReplicaSet) -> list[FieldError]:
    """Check a new ReplicaSet (``ValidateReplicaSet``)."""
    return validate_meta(obj.metadata, namespaced=True) + _validate_spec(obj.spec)


def validate_replica_set_update(new: ReplicaSet, old: ReplicaSet) -> list[FieldError]:
    """Check a changed ReplicaSet (``ValidateReplicaSetUpdate``, and the strategy's rule for apps/v1)."""
    return [
        *validate_meta_update(new.metadata, old.metadata),
        *_validate_spec(new.spec),
        *immutable(SPEC.child("selector"), new.spec.selector, old.spec.selector),
    ]


def _validate_spec(spec: ReplicaSetSpec) -> list[FieldError]:
    return [
        *validate_not_negative(spec, SPEC, ("replicas", "minReadySeconds")),
        # Kubernetes copied the sentence from Deployment.
        *validate_selector_and_template(
            spec.selector, spec.template, empty="empty selector is invalid for deployment"
        ),
    ]


def validate_replica_set_status_update(new: ReplicaSet, old: ReplicaSet) -> list[FieldError]:
    """Check a changed status (``ValidateReplicaSetStatusUpdate``)."""
    status = new.status
    parts = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    return [
        *validate_meta_update(new.metadata, old.metadata),
        *validate_not_negative(
            status, STATUS, ("replicas", *parts, "terminatingReplicas", "observedGeneration")
        ),
        *validate_at_most(status, parts, "replicas", MORE_THAN_REPLICAS),
        *validate_at_most(status, ("availableReplicas",), "readyReplicas", MORE_THAN_READY),
    ]
