"""Validation of DaemonSets and ControllerRevisions."""

from __future__ import annotations

from edgeorch.api.apps.controller_revision import ControllerRevision
from edgeorch.api.apps.daemon_set import (
    ON_DELETE,
    DaemonSet,
    DaemonSetSpec,
    DaemonSetUpdateStrategy,
    RollingUpdateDaemonSet,
)
from edgeorch.api.apps.deployment import ROLLING_UPDATE
from edgeorch.api.apps.validation.common import (
    SPEC,
    STATUS,
    validate_not_negative,
    validate_selector_and_template,
)
from edgeorch.api.int_or_string import is_zero, validate_at_most_whole, validate_int_or_percent
from edgeorch.api.meta_validation import NEGATIVE, immutable, validate_meta, validate_meta_update
from edgeorch.api.validation import FieldError, Path, bad, not_supported, required

_COUNTS = (
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
    "observedGeneration",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "collisionCount",
)


def validate_daemon_set(obj: DaemonSet) -> list[FieldError]:
    """Check a new DaemonSet (``ValidateDaemonSet``)."""
    return validate_meta(obj.metadata, namespaced=True) + _validate_spec(obj.spec)


def validate_daemon_set_update(new: DaemonSet, old: DaemonSet) -> list[FieldError]:
    """Check a changed DaemonSet (``ValidateDaemonSetUpdate``, and the strategy's rule for apps/v1)."""
    return [
        *validate_meta_update(new.metadata, old.metadata),
        *_validate_spec(new.spec),
        *immutable(SPEC.child("selector"), new.spec.selector, old.spec.selector),
    ]


def _validate_spec(spec: DaemonSetSpec) -> list[FieldError]:
    return [
        *validate_selector_and_template(
            spec.selector,
            spec.template,
            empty="empty selector is invalid for daemonset",
            deadline="DaemonSet",
        ),
        *validate_not_negative(spec, SPEC, ("minReadySeconds",)),
        *_validate_strategy(spec.updateStrategy, SPEC.child("updateStrategy")),
        *validate_not_negative(spec, SPEC, ("revisionHistoryLimit",)),
    ]


def _validate_strategy(strategy: DaemonSetUpdateStrategy, path: Path) -> list[FieldError]:
    match strategy.type:
        case "OnDelete":
            return []
        case "RollingUpdate":
            rolling = path.child("rollingUpdate")
            if strategy.rollingUpdate is None:
                return [required(rolling)]
            return _validate_rolling_update(strategy.rollingUpdate, rolling)
        case _:
            return [not_supported(path, strategy, (ON_DELETE, ROLLING_UPDATE))]


def _validate_rolling_update(rolling: RollingUpdateDaemonSet, path: Path) -> list[FieldError]:
    unavailable, surge = rolling.maxUnavailable or 0, rolling.maxSurge or 0
    of_unavailable, of_surge = path.child("maxUnavailable"), path.child("maxSurge")
    errors = [
        *validate_int_or_percent(unavailable, of_unavailable),
        *validate_int_or_percent(surge, of_surge),
        *validate_at_most_whole(unavailable, of_unavailable),
        *validate_at_most_whole(surge, of_surge),
    ]
    if not is_zero(unavailable) and not is_zero(surge):
        errors.append(bad(of_surge, surge, "may not be set when maxUnavailable is non-zero"))
    if is_zero(unavailable) and is_zero(surge):
        errors.append(required(of_unavailable, "cannot be 0 when maxSurge is 0"))
    return errors


def validate_daemon_set_status_update(new: DaemonSet, old: DaemonSet) -> list[FieldError]:
    """Check a changed status (``ValidateDaemonSetStatusUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata)
    errors += validate_not_negative(new.status, STATUS, _COUNTS)
    before, after = old.status.collisionCount, new.status.collisionCount
    if before is not None and (after is None or after < before):
        errors.append(bad(STATUS.child("collisionCount"), after, "cannot be decremented"))
    return errors


def validate_controller_revision(obj: ControllerRevision) -> list[FieldError]:
    """Check a new ControllerRevision (``ValidateControllerRevisionCreate``)."""
    errors = validate_meta(obj.metadata, namespaced=True)
    if obj.data is None:
        errors.append(required("data", "data is mandatory"))
    return errors + _validate_revision(obj)


def _validate_revision(obj: ControllerRevision) -> list[FieldError]:
    return [bad("revision", obj.revision, NEGATIVE)] if obj.revision < 0 else []


def validate_controller_revision_update(new: ControllerRevision, old: ControllerRevision) -> list[FieldError]:
    """Check a changed ControllerRevision: only its number may change (``ValidateControllerRevisionUpdate``)."""
    return [
        *validate_meta_update(new.metadata, old.metadata),
        *_validate_revision(new),
        *immutable(Path("data"), new.data, old.data),
    ]
