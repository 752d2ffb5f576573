"""Validation of StatefulSets."""

from __future__ import annotations

from edgeorch.api.apps.daemon_set import ON_DELETE
from edgeorch.api.apps.deployment import ROLLING_UPDATE
from edgeorch.api.apps.stateful_set import (
    DELETE,
    ORDERED_READY,
    PARALLEL,
    RETAIN,
    RollingUpdateStatefulSetStrategy,
    StatefulSet,
    StatefulSetPersistentVolumeClaimRetentionPolicy,
    StatefulSetSpec,
    StatefulSetUpdateStrategy,
)
from edgeorch.api.apps.validation.common import (
    MORE_THAN_REPLICAS,
    SPEC,
    STATUS,
    validate_at_most,
    validate_not_negative,
    validate_selector_and_template,
)
from edgeorch.api.core.persistent_volume_claim import PersistentVolumeClaim
from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.core.validation import validate_claim_spec
from edgeorch.api.core.volume import PersistentVolumeClaimVolumeSource, Volume
from edgeorch.api.int_or_string import is_zero, validate_at_most_whole, validate_int_or_percent
from edgeorch.api.meta_validation import NEGATIVE, validate_meta, validate_meta_update
from edgeorch.api.names import dns_label_problems
from edgeorch.api.validation import FieldError, Path, bad, duplicate, forbidden, not_supported, required

_MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
FIXED = (
    "updates to statefulset spec for fields other than "
    f"{', '.join(repr(name) for name in _MUTABLE[:-1])} and {_MUTABLE[-1]!r} are forbidden"
)


def validate_stateful_set(obj: StatefulSet) -> list[FieldError]:
    """Check a new StatefulSet (``ValidateStatefulSet``); its pods take their host names from its name."""
    errors = validate_meta(obj.metadata, namespaced=True, name_rule=dns_label_problems)
    path, service = SPEC.child("serviceName"), obj.spec.serviceName
    if service:
        errors += [bad(path, service, problem) for problem in dns_label_problems(service)]
    return errors + _validate_spec(obj.spec)


def validate_stateful_set_update(new: StatefulSet, old: StatefulSet) -> list[FieldError]:
    """Check a changed StatefulSet (``ValidateStatefulSetUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata) + _validate_spec(new.spec)
    kept = new.spec.model_copy(update={name: getattr(old.spec, name) for name in _MUTABLE})
    return errors if kept == old.spec else [*errors, forbidden(SPEC, FIXED)]


def _validate_spec(spec: StatefulSetSpec) -> list[FieldError]:
    return [
        *_validate_policy(spec.podManagementPolicy, SPEC.child("podManagementPolicy")),
        *_validate_strategy(spec.updateStrategy, SPEC.child("updateStrategy")),
        *_validate_retention(spec.persistentVolumeClaimRetentionPolicy),
        *validate_not_negative(spec, SPEC, ("replicas", "minReadySeconds")),
        *_validate_start(spec),
        *_validate_claim_templates(spec.volumeClaimTemplates, SPEC.child("volumeClaimTemplates")),
        *validate_selector_and_template(
            spec.selector,
            with_claims(spec),
            empty="empty selector is invalid for statefulset",
            deadline="StatefulSet",
        ),
    ]


def with_claims(spec: StatefulSetSpec) -> PodTemplateSpec:
    """Give the template with the volumes that its pods will have: those of the claims stand in for others."""
    claimed = {claim.metadata.name for claim in spec.volumeClaimTemplates if claim.metadata.name}
    volumes = [volume for volume in spec.template.spec.volumes if volume.name not in claimed]
    for name in sorted(claimed):
        source = PersistentVolumeClaimVolumeSource(claimName=name)
        volumes.append(Volume(name=name, persistentVolumeClaim=source))
    pod = spec.template.spec.model_copy(update={"volumes": volumes})
    return spec.template.model_copy(update={"spec": pod})


def _validate_policy(policy: str, path: Path) -> list[FieldError]:
    if not policy:
        return [required(path)]
    if policy in {ORDERED_READY, PARALLEL}:
        return []
    return [bad(path, policy, f"must be '{ORDERED_READY}' or '{PARALLEL}'")]


def _validate_strategy(strategy: StatefulSetUpdateStrategy, path: Path) -> list[FieldError]:
    rolling, here = strategy.rollingUpdate, path.child("rollingUpdate")
    match strategy.type:
        case "":
            return [required(path)]
        case "OnDelete":
            return (
                [bad(here, rolling, f"only allowed for updateStrategy '{ROLLING_UPDATE}'")] if rolling else []
            )
        case "RollingUpdate":
            return _validate_rolling_update(rolling, here) if rolling else []
        case _:
            return [bad(path, strategy, f"must be '{ROLLING_UPDATE}' or '{ON_DELETE}'")]


def _validate_rolling_update(rolling: RollingUpdateStatefulSetStrategy, path: Path) -> list[FieldError]:
    errors = validate_not_negative(rolling, path, ("partition",))
    limit, here = rolling.maxUnavailable, path.child("maxUnavailable")
    if limit is None:
        return errors
    errors += validate_int_or_percent(limit, here)
    if is_zero(limit):
        errors.append(bad(here, limit, "cannot be 0"))
    return errors + validate_at_most_whole(limit, here)


def _validate_retention(policy: StatefulSetPersistentVolumeClaimRetentionPolicy | None) -> list[FieldError]:
    if policy is None:
        return []
    path = SPEC.child("persistentVolumeClaimRetentionPolicy")
    return [
        not_supported(path.child(name), value, (RETAIN, DELETE))
        for name in ("whenDeleted", "whenScaled")
        if (value := getattr(policy, name)) not in {RETAIN, DELETE}
    ]


def _validate_start(spec: StatefulSetSpec) -> list[FieldError]:
    if spec.ordinals is None or spec.ordinals.start >= 0:
        return []
    return [bad(SPEC.child("ordinals", "start"), spec.ordinals.start, NEGATIVE)]


def _validate_claim_templates(templates: list[PersistentVolumeClaim], path: Path) -> list[FieldError]:
    """Check what claims will be made from: what is wrong is told now, not pod by pod later."""
    errors: list[FieldError] = []
    names: set[str] = set()
    for number, template in enumerate(templates):
        here, name = path.at(number), template.metadata.name
        at_name = here.child("metadata", "name")
        if not name:
            errors.append(required(at_name))
        elif name in names:
            errors.append(duplicate(at_name, name))
        else:
            errors += [bad(at_name, name, problem) for problem in dns_label_problems(name)]
        names.add(name)
        errors += validate_claim_spec(template.spec, here.child("spec"))
    return errors


def validate_stateful_set_status_update(new: StatefulSet, old: StatefulSet) -> list[FieldError]:
    """Check a changed status (``ValidateStatefulSetStatusUpdate``)."""
    status = new.status
    parts = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
    errors = [
        *validate_not_negative(status, STATUS, ("replicas", *parts, "observedGeneration", "collisionCount")),
        *validate_at_most(status, parts, "replicas", MORE_THAN_REPLICAS),
        *validate_at_most(
            status, ("availableReplicas",), "readyReplicas", "cannot be greater than status.readyReplicas"
        ),
        *validate_meta_update(new.metadata, old.metadata),
    ]
    before = old.status.collisionCount
    if before is not None and (status.collisionCount is None or status.collisionCount < before):
        errors.append(bad(STATUS.child("collisionCount"), status.collisionCount or 0, "cannot be decremented"))
    return errors
