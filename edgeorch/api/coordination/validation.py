"""Validation of leases, as in Kubernetes' ``pkg/apis/coordination/validation``."""

from __future__ import annotations

from edgeorch.api.coordination.lease import Lease, LeaseSpec
from edgeorch.api.meta_validation import NEGATIVE, validate_meta, validate_meta_update
from edgeorch.api.validation import FieldError, Path, bad

_SPEC = Path("spec")


def validate_lease(lease: Lease) -> list[FieldError]:
    """Check a new lease (``ValidateLease``)."""
    return validate_meta(lease.metadata, namespaced=True) + _validate_spec(lease.spec)


def validate_lease_update(new: Lease, old: Lease) -> list[FieldError]:
    """Check a change of a lease (``ValidateLeaseUpdate``)."""
    return validate_meta_update(new.metadata, old.metadata) + _validate_spec(new.spec)


def _validate_spec(spec: LeaseSpec) -> list[FieldError]:
    errors: list[FieldError] = []
    seconds, transitions = spec.leaseDurationSeconds, spec.leaseTransitions
    if seconds is not None and seconds <= 0:
        errors.append(bad(_SPEC.child("leaseDurationSeconds"), seconds, "must be greater than 0"))
    if transitions is not None and transitions < 0:
        errors.append(bad(_SPEC.child("leaseTransitions"), transitions, NEGATIVE))
    return errors
