"""Validation of requests and limits."""

from __future__ import annotations

from edgeorch.api.core.requirements import ResourceList, ResourceRequirements
from edgeorch.api.label_rules import qualified_name_problems
from edgeorch.api.meta_validation import NEGATIVE
from edgeorch.api.quantity import Amount
from edgeorch.api.validation import FieldError, Path, bad, required

_MILLIS = 1000
_CONTAINER_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_HUGE_PAGES = "hugepages-"
_NATIVE_DOMAIN = "kubernetes.io/"
_QUOTA_PREFIX = "requests."
_STANDARD = {
    *_CONTAINER_RESOURCES,
    "configmaps",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
    "storage",
}


def validate_requirements(resources: ResourceRequirements, path: Path) -> list[FieldError]:
    """Check a container's resources (``ValidateContainerResourceRequirements``)."""
    limits, requests = path.child("limits"), path.child("requests")
    errors = [*_validate_list(resources.limits, limits), *_validate_list(resources.requests, requests)]
    for name, text in resources.requests.items():
        request = Amount.parse(text)
        limit = resources.limits.get(name)
        if limit is None:
            if not can_overcommit(name):
                errors.append(required(limits, "Limit must be set for non overcommitable resources"))
        elif not can_overcommit(name) and request != Amount.parse(limit):
            errors.append(bad(requests, text, f"must be equal to {name} limit of {limit}"))
        elif request > Amount.parse(limit):
            errors.append(bad(requests, text, f"must be less than or equal to {name} limit of {limit}"))
    return errors


def _validate_list(resources: ResourceList, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for name, text in resources.items():
        here = path.key(name)
        errors += validate_container_resource_name(name, here)
        errors += validate_resource_quantity(name, text, here)
    return errors


def validate_resource_quantity(name: str, text: str, path: Path) -> list[FieldError]:
    """Check one amount: not negative, and whole where it cannot be divided."""
    amount = Amount.parse(text)
    if amount.nanos < 0:
        return [bad(path, text, NEGATIVE)]
    if is_extended(name) and amount.milli_value() % _MILLIS:
        return [bad(path, text, "must be an integer")]
    return []


def validate_container_resource_name(name: str, path: Path) -> list[FieldError]:
    """Check the name of what containers can ask for (``ValidateContainerResourceName``)."""
    if problems := qualified_name_problems(name):
        return [bad(path, name, p) for p in problems]
    if "/" not in name:
        if not (name in _STANDARD or name.startswith(_HUGE_PAGES)):
            return [
                bad(path, name, "must be a standard resource type or fully qualified"),
                bad(path, name, "must be a standard resource for containers"),
            ]
        if not (name in _CONTAINER_RESOURCES or name.startswith(_HUGE_PAGES)):
            return [bad(path, name, "must be a standard resource for containers")]
    elif not (is_extended(name) or _NATIVE_DOMAIN in name):
        return [bad(path, name, "doesn't follow extended resource name standard")]
    return []


def is_extended(name: str) -> bool:
    """Whether a resource is one a device or a person brings to a node (``IsExtendedResourceName``)."""
    return "/" in name and _NATIVE_DOMAIN not in name and not name.startswith(_QUOTA_PREFIX)


def validate_qualified(name: str, path: Path) -> list[FieldError]:
    """Check a name: of what Kubernetes knows, or of anything with a domain (``ValidateResourceName``)."""
    if problems := qualified_name_problems(name):
        return [bad(path, name, p) for p in problems]
    if "/" not in name and not is_standard(name):
        return [bad(path, name, "must be a standard resource type or fully qualified")]
    return []


def is_standard(name: str) -> bool:
    """Whether Kubernetes itself knows a resource of this name (``IsStandardResourceName``)."""
    return name in _STANDARD or name.startswith((_HUGE_PAGES, f"{_QUOTA_PREFIX}{_HUGE_PAGES}"))


def can_overcommit(name: str) -> bool:
    """Whether a resource may be promised twice: huge pages and devices may not (``IsOvercommitAllowed``)."""
    return not is_extended(name) and not name.startswith(_HUGE_PAGES)
