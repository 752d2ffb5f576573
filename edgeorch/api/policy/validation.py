"""Validation of disruption budgets, as in Kubernetes' ``pkg/apis/policy/validation``."""

from __future__ import annotations

from edgeorch.api.int_or_string import validate_at_most_whole, validate_int_or_percent
from edgeorch.api.meta_validation import (
    NEGATIVE,
    validate_label_selector,
    validate_meta,
    validate_meta_update,
)
from edgeorch.api.names import path_segment_problems
from edgeorch.api.policy.pod_disruption_budget import (
    ALWAYS_ALLOW,
    IF_HEALTHY_BUDGET,
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
)
from edgeorch.api.validation import FieldError, Path, bad, not_supported

_SPEC = Path("spec")
_STATUS = Path("status")

_LIMITS = ("minAvailable", "maxUnavailable")
_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
_POLICIES = (ALWAYS_ALLOW, IF_HEALTHY_BUDGET)


def validate_budget(obj: PodDisruptionBudget) -> list[FieldError]:
    """Check a new budget (``ValidatePodDisruptionBudget``); it may have any name that fits into a path."""
    meta = validate_meta(obj.metadata, namespaced=True, name_rule=path_segment_problems)
    return meta + _validate_spec(obj.spec)


def validate_budget_update(new: PodDisruptionBudget, old: PodDisruptionBudget) -> list[FieldError]:
    """Check a changed budget: all of it may change."""
    return validate_meta_update(new.metadata, old.metadata) + _validate_spec(new.spec)


def validate_budget_status_update(new: PodDisruptionBudget, old: PodDisruptionBudget) -> list[FieldError]:
    """Check a changed status (``ValidatePodDisruptionBudgetStatusUpdate``)."""
    return validate_meta_update(new.metadata, old.metadata) + [
        bad(_STATUS.child(name), value, NEGATIVE)
        for name in _COUNTS
        if (value := getattr(new.status, name)) < 0
    ]


def _validate_spec(spec: PodDisruptionBudgetSpec) -> list[FieldError]:
    errors: list[FieldError] = []
    if spec.minAvailable is not None and spec.maxUnavailable is not None:
        errors.append(bad(_SPEC, spec, "minAvailable and maxUnavailable cannot be both set"))
    for name in _LIMITS:
        value, path = getattr(spec, name), _SPEC.child(name)
        if value is not None:
            errors += validate_int_or_percent(value, path)
            errors += validate_at_most_whole(value, path)
    errors += validate_label_selector(spec.selector, _SPEC.child("selector"))
    policy = spec.unhealthyPodEvictionPolicy
    if policy is not None and policy not in _POLICIES:
        errors.append(not_supported(_SPEC.child("unhealthyPodEvictionPolicy"), policy, _POLICIES))
    return errors
