"""Validation of resource quotas."""

from __future__ import annotations

from collections.abc import Iterable

from edgeorch.api.core.quota import ResourceQuota, ResourceQuotaSpec, ScopedResourceSelectorRequirement
from edgeorch.api.core.requirements import ResourceList
from edgeorch.api.core.validation.resources import is_extended, validate_qualified
from edgeorch.api.meta_validation import IMMUTABLE, NEGATIVE, validate_meta, validate_meta_update
from edgeorch.api.quantity import Amount
from edgeorch.api.validation import FieldError, Path, bad, required

COUNTS = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
    }
)
"""What is counted in whole objects under a name of its own."""

COMPUTE = frozenset({"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"})
"""What every scope of pods but ``BestEffort`` can limit, besides their number."""

_OTHERS = frozenset({"ephemeral-storage", "requests.storage", "requests.ephemeral-storage"})
_STANDARD = COUNTS | COMPUTE | _OTHERS | {"limits.ephemeral-storage"}
_HUGE_PAGES = ("hugepages-", "requests.hugepages-")
_MILLIS = 1000

_POD_SCOPES = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
"""Scopes that a pod either is in or is not: their operator can only be ``Exists``."""
SCOPES = frozenset({*_POD_SCOPES, "PriorityClass", "VolumeAttributesClass"})
_CONFLICTS = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
_UNSUPPORTED = "unsupported scope"
_MISAPPLIED = "unsupported scope applied to resource"
_ONLY_EXISTS = (
    "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
    "ResourceQuotaScopeCrossNamespacePodAffinity"
)


def validate_quota(quota: ResourceQuota) -> list[FieldError]:
    """Check a new quota (``ValidateResourceQuota``)."""
    return validate_meta(quota.metadata, namespaced=True) + _validate_spec(quota.spec)


def validate_quota_update(new: ResourceQuota, old: ResourceQuota) -> list[FieldError]:
    """Check a change of a quota (``ValidateResourceQuotaUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata) + _validate_spec(new.spec)
    if set(new.spec.scopes) != set(old.spec.scopes):
        errors.append(bad(Path("spec").child("scopes"), new.spec.scopes, IMMUTABLE))
    return errors


def validate_quota_status_update(new: ResourceQuota, old: ResourceQuota) -> list[FieldError]:
    """Check a change of what is used (``ValidateResourceQuotaStatusUpdate``)."""
    status = Path("status")
    return [
        *validate_meta_update(new.metadata, old.metadata),
        *_validate_list(new.status.hard, status.child("hard")),
        *_validate_list(new.status.used, status.child("used")),
    ]


def _validate_spec(spec: ResourceQuotaSpec) -> list[FieldError]:
    path = Path("spec")
    errors = _validate_list(spec.hard, path.child("hard"))
    errors += _validate_scopes(spec, path.child("scopes"))
    if spec.scopeSelector:
        for requirement in spec.scopeSelector.matchExpressions:
            here = path.child("scopeSelector", "matchExpressions")
            errors += _validate_requirement(requirement, spec.hard, here)
    return errors


def _validate_list(resources: ResourceList, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for name, text in resources.items():
        here, amount = path.key(name), Amount.parse(text)
        errors += validate_qualified(name, here)
        if "/" not in name and not _is_standard(name):
            errors.append(bad(here, name, "must be a standard resource for quota"))
        if amount.nanos < 0:
            errors.append(bad(here, text, NEGATIVE))
        elif (name in COUNTS or is_extended(name)) and amount.milli_value() % _MILLIS:
            errors.append(bad(here, text, "must be an integer"))
    return errors


def _validate_scopes(spec: ResourceQuotaSpec, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for scope in spec.scopes:
        if scope not in SCOPES:
            errors.append(bad(path, spec.scopes, _UNSUPPORTED))
        errors += [bad(path, spec.scopes, _MISAPPLIED) for _ in _misapplied(scope, spec.hard)]
    errors += [bad(path, spec.scopes, "conflicting scopes") for pair in _CONFLICTS if pair <= set(spec.scopes)]
    return errors


def _validate_requirement(
    requirement: ScopedResourceSelectorRequirement, hard: ResourceList, path: Path
) -> list[FieldError]:
    scope, operator, values = requirement.scopeName, requirement.operator, requirement.values
    errors: list[FieldError] = []
    if scope not in SCOPES:
        errors.append(bad(path.child("scopeName"), scope, _UNSUPPORTED))
    errors += [bad(path.child("scopeName"), scope, _MISAPPLIED) for _ in _misapplied(scope, hard)]
    if scope in _POD_SCOPES and operator != "Exists":
        errors.append(bad(path.child("operator"), operator, _ONLY_EXISTS))
    if operator in {"In", "NotIn"}:
        if not values:
            why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            errors.append(required(path.child("values"), why))
    elif operator in {"Exists", "DoesNotExist"}:
        if values:
            why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            errors.append(bad(path.child("values"), values, why))
    else:
        errors.append(bad(path.child("operator"), operator, "not a valid selector operator"))
    return errors


def _misapplied(scope: str, hard: Iterable[str]) -> list[str]:
    """Give the resources that a scope cannot narrow down (``IsResourceQuotaScopeValidForResource``)."""
    fitting = {"pods"} if scope == "BestEffort" else {"pods", *COMPUTE}
    if scope == "VolumeAttributesClass":
        fitting = {"persistentvolumeclaims", "requests.storage"}
    return [name for name in sorted(hard) if scope in SCOPES and _is_standard(name) and name not in fitting]


def _is_standard(name: str) -> bool:
    return name in _STANDARD or name.startswith(_HUGE_PAGES)
