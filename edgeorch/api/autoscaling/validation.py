"""Validation of HorizontalPodAutoscalers, as in Kubernetes' ``pkg/apis/autoscaling/validation``.

Every function takes a defaulted object and returns what is wrong with it, in Kubernetes' words; nothing is
changed and nothing is raised.
"""

from __future__ import annotations

from edgeorch.api.autoscaling.horizontal_pod_autoscaler import (
    POLICY_TYPES,
    SELECT_POLICIES,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerSpec,
    HPAScalingPolicy,
    HPAScalingRules,
)
from edgeorch.api.autoscaling.metrics_validation import validate_metrics, validate_reference
from edgeorch.api.meta_validation import NEGATIVE, validate_meta, validate_meta_update
from edgeorch.api.quantity import Amount
from edgeorch.api.validation import FieldError, Path, bad, not_supported, required

MAX_PERIOD = 1800
"""The longest period of a policy, in seconds."""
MAX_WINDOW = 3600
"""The longest stabilization window, in seconds."""

_SPEC = Path("spec")


def validate_horizontal_pod_autoscaler(autoscaler: HorizontalPodAutoscaler) -> list[FieldError]:
    """Check a new autoscaler (``ValidateHorizontalPodAutoscaler``)."""
    return validate_meta(autoscaler.metadata, namespaced=True) + _validate_spec(autoscaler.spec)


def validate_horizontal_pod_autoscaler_update(
    new: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler
) -> list[FieldError]:
    """Check a changed autoscaler (``ValidateHorizontalPodAutoscalerUpdate``)."""
    return validate_meta_update(new.metadata, old.metadata) + _validate_spec(new.spec)


def validate_horizontal_pod_autoscaler_status_update(
    new: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler
) -> list[FieldError]:
    """Check a changed status (``ValidateHorizontalPodAutoscalerStatusUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata)
    for name in ("currentReplicas", "desiredReplicas"):
        if (count := getattr(new.status, name)) < 0:
            errors.append(bad(Path("status").child(name), count, NEGATIVE))
    return errors


def _validate_spec(spec: HorizontalPodAutoscalerSpec) -> list[FieldError]:
    errors: list[FieldError] = []
    if spec.minReplicas is not None and spec.minReplicas < 1:
        # Scaling to zero is behind a feature gate in Kubernetes, off by default.
        errors.append(bad(_SPEC.child("minReplicas"), spec.minReplicas, "must be greater than or equal to 1"))
    most = _SPEC.child("maxReplicas")
    if spec.maxReplicas < 1:
        errors.append(bad(most, spec.maxReplicas, "must be greater than 0"))
    if spec.minReplicas is not None and spec.maxReplicas < spec.minReplicas:
        errors.append(bad(most, spec.maxReplicas, "must be greater than or equal to `minReplicas`"))
    errors += validate_reference(spec.scaleTargetRef, _SPEC.child("scaleTargetRef"))
    errors += validate_metrics(spec.metrics, _SPEC.child("metrics"))
    if spec.behavior is not None:
        path = _SPEC.child("behavior")
        errors += _validate_rules(spec.behavior.scaleUp, path.child("scaleUp"))
        errors += _validate_rules(spec.behavior.scaleDown, path.child("scaleDown"))
    return errors


def _validate_rules(rules: HPAScalingRules | None, path: Path) -> list[FieldError]:
    if rules is None:
        return []
    errors: list[FieldError] = []
    window = rules.stabilizationWindowSeconds
    if window is not None and window < 0:
        why = "must be greater than or equal to zero"
        errors.append(bad(path.child("stabilizationWindowSeconds"), window, why))
    if window is not None and window > MAX_WINDOW:
        why = f"must be less than or equal to {MAX_WINDOW}"
        errors.append(bad(path.child("stabilizationWindowSeconds"), window, why))
    if rules.selectPolicy is not None and rules.selectPolicy not in SELECT_POLICIES:
        errors.append(not_supported(path.child("selectPolicy"), rules.selectPolicy, SELECT_POLICIES))
    policies = path.child("policies")
    if not rules.policies:
        errors.append(required(policies, "must specify at least one Policy"))
    for number, policy in enumerate(rules.policies):
        errors += _validate_policy(policy, policies.at(number))
    if rules.tolerance is not None and Amount.parse(rules.tolerance).nanos < 0:
        errors.append(bad(path.child("tolerance"), rules.tolerance, "must be greater than or equal to zero"))
    return errors


def _validate_policy(policy: HPAScalingPolicy, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if policy.type not in POLICY_TYPES:
        errors.append(not_supported(path.child("type"), policy.type, POLICY_TYPES))
    errors += [
        bad(path.child(name), number, "must be greater than zero")
        for name in ("value", "periodSeconds")
        if (number := getattr(policy, name)) <= 0
    ]
    if policy.periodSeconds > MAX_PERIOD:
        why = f"must be less than or equal to {MAX_PERIOD}"
        errors.append(bad(path.child("periodSeconds"), policy.periodSeconds, why))
    return errors
