"""Validation of Deployments."""

from __future__ import annotations

from edgeorch.api.apps.deployment import (
    RECREATE,
    ROLLING_UPDATE,
    Deployment,
    DeploymentSpec,
    DeploymentStrategy,
    RollingUpdateDeployment,
)
from edgeorch.api.apps.validation.common import (
    MORE_THAN_READY,
    MORE_THAN_REPLICAS,
    SPEC,
    STATUS,
    validate_at_most,
    validate_not_negative,
    validate_selector_and_template,
)
from edgeorch.api.int_or_string import is_zero, validate_at_most_whole, validate_int_or_percent
from edgeorch.api.meta_validation import immutable, validate_meta, validate_meta_update
from edgeorch.api.validation import FieldError, Path, bad, forbidden, not_supported, required


def validate_deployment(obj: Deployment) -> list[FieldError]:
    """Check a new Deployment (``ValidateDeployment``)."""
    return validate_meta(obj.metadata, namespaced=True) + _validate_spec(obj.spec)


def validate_deployment_update(new: Deployment, old: Deployment) -> list[FieldError]:
    """Check a changed Deployment (``ValidateDeploymentUpdate``, and the strategy's rule for apps/v1)."""
    return [
        *validate_meta_update(new.metadata, old.metadata),
        *_validate_spec(new.spec),
        *immutable(SPEC.child("selector"), new.spec.selector, old.spec.selector),
    ]


def _validate_spec(spec: DeploymentSpec) -> list[FieldError]:
    return [
        *validate_not_negative(spec, SPEC, ("replicas",)),
        *validate_selector_and_template(
            spec.selector, spec.template, empty="empty selector is invalid for deployment"
        ),
        *_validate_strategy(spec.strategy, SPEC.child("strategy")),
        *validate_not_negative(spec, SPEC, ("minReadySeconds", "revisionHistoryLimit")),
        *_validate_progress_deadline(spec, SPEC.child("progressDeadlineSeconds")),
    ]


def _validate_progress_deadline(spec: DeploymentSpec, path: Path) -> list[FieldError]:
    seconds = spec.progressDeadlineSeconds
    errors = validate_not_negative(spec, SPEC, ("progressDeadlineSeconds",))
    if seconds is not None and seconds <= spec.minReadySeconds:
        errors.append(bad(path, seconds, "must be greater than minReadySeconds"))
    return errors


def _validate_strategy(strategy: DeploymentStrategy, path: Path) -> list[FieldError]:
    rolling = path.child("rollingUpdate")
    match strategy.type:
        case "Recreate":
            if strategy.rollingUpdate is None:
                return []
            return [forbidden(rolling, f"may not be specified when strategy `type` is '{RECREATE}'")]
        case "RollingUpdate":
            if strategy.rollingUpdate is None:
                return [required(rolling, "this should be defaulted and never be nil")]
            return _validate_rolling_update(strategy.rollingUpdate, rolling)
        case _:
            return [not_supported(path.child("type"), strategy.type, (RECREATE, ROLLING_UPDATE))]


def _validate_rolling_update(rolling: RollingUpdateDeployment, path: Path) -> list[FieldError]:
    unavailable, surge = rolling.maxUnavailable or 0, rolling.maxSurge or 0
    where = path.child("maxUnavailable")
    errors = [
        *validate_int_or_percent(unavailable, where),
        *validate_int_or_percent(surge, path.child("maxSurge")),
    ]
    if is_zero(unavailable) and is_zero(surge):
        errors.append(bad(where, unavailable, "may not be 0 when `maxSurge` is 0"))
    return errors + validate_at_most_whole(unavailable, where)


def validate_deployment_status_update(new: Deployment, old: Deployment) -> list[FieldError]:
    """Check a changed status (``ValidateDeploymentStatusUpdate``)."""
    status = new.status
    parts = ("updatedReplicas", "readyReplicas", "availableReplicas")
    counts = ("observedGeneration", "replicas", *parts, "unavailableReplicas", "terminatingReplicas")
    errors = [
        *validate_meta_update(new.metadata, old.metadata),
        *validate_not_negative(status, STATUS, (*counts, "collisionCount")),
        *validate_at_most(status, parts, "replicas", MORE_THAN_REPLICAS),
        *validate_at_most(status, ("availableReplicas",), "readyReplicas", MORE_THAN_READY),
    ]
    before = old.status.collisionCount
    if before is not None and (status.collisionCount is None or status.collisionCount < before):
        errors.append(bad(STATUS.child("collisionCount"), status.collisionCount, "cannot be decremented"))
    return errors
