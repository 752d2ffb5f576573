"""Validation of downward API references, in the environment and in volumes."""

from __future__ import annotations

import re
from typing import Final

from edgeorch.api.core.references import ObjectFieldSelector
from edgeorch.api.core.requirements import ResourceFieldSelector
from edgeorch.api.label_rules import qualified_name_problems
from edgeorch.api.validation import FieldError, Path, bad, not_supported, required

ENV_FIELDS: Final = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
"""Fields of the pod that a variable can have; ``metadata.labels['x']`` and annotations too."""

VOLUME_FIELDS: Final = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
"""Fields of the pod that a file can have."""

RESOURCES: Final = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)

_KNOWN_FIELDS = {*ENV_FIELDS, *VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase"}
_SUBSCRIPT = re.compile(r"(.*)\['([^']*)'\]")
_HUGE_PAGES = ("limits.hugepages-", "requests.hugepages-")
_CPU_DIVISORS = ("1m", "1")
_BYTE_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_DIVISORS = {"cpu": _CPU_DIVISORS, "memory": _BYTE_DIVISORS, "ephemeral-storage": _BYTE_DIVISORS}
_DIVISOR_NAMES = {"ephemeral-storage": "local ephemeral storage", "hugepages": "hugepages"}


def validate_object_field(
    selector: ObjectFieldSelector, path: Path, fields: tuple[str, ...]
) -> list[FieldError]:
    """Check a ``fieldRef`` (``validateObjectFieldSelector``)."""
    if not selector.apiVersion:
        return [required(path.child("apiVersion"))]
    if not selector.fieldPath:
        return [required(path.child("fieldPath"))]
    name = selector.fieldPath
    if subscripted := _SUBSCRIPT.fullmatch(name):
        return _validate_subscript(subscripted[1], subscripted[2], path)
    if name not in _KNOWN_FIELDS:
        why = f"error converting fieldPath: field label not supported: {name}"
        return [bad(path.child("fieldPath"), name, why)]
    return [] if name in fields else [not_supported(path.child("fieldPath"), name, fields)]


def _validate_subscript(parent: str, key: str, path: Path) -> list[FieldError]:
    match parent:
        case "metadata.annotations":
            return [bad(path, key, p) for p in qualified_name_problems(key.lower())]
        case "metadata.labels":
            return [bad(path, key, p) for p in qualified_name_problems(key)]
        case _:
            return [bad(path, parent, "does not support subscript")]


def validate_resource_field(
    selector: ResourceFieldSelector, path: Path, *, needs_container: bool
) -> list[FieldError]:
    """Check a ``resourceFieldRef`` (``validateContainerResourceFieldSelector``)."""
    if needs_container and not selector.containerName:
        return [required(path.child("containerName"))]
    if not selector.resource:
        return [required(path.child("resource"))]
    if selector.resource not in RESOURCES and not selector.resource.startswith(_HUGE_PAGES):
        return [not_supported(path.child("resource"), selector.resource, RESOURCES)]
    resource = selector.resource.partition(".")[2]
    name = "hugepages" if resource.startswith("hugepages-") else resource
    divisors = _DIVISORS.get(resource, _BYTE_DIVISORS)
    if selector.divisor in {None, "", "0", *divisors}:
        return []
    listed = " and ".join(divisors) if name == "cpu" else ", ".join(divisors)
    why = f"only divisor's values {listed} are supported with the {_DIVISOR_NAMES.get(name, name)} resource"
    return [bad(path.child("divisor"), selector.resource, why)]
