"""Which address families a Service has in a cluster with IPv4 services only (``registry/core/service``)."""

from __future__ import annotations

from edgeorch.api.core.service import EXTERNAL_NAME, ServiceSpec
from edgeorch.api.core.service_defaults import is_headless
from edgeorch.api.validation import FieldError, Path, bad

_SPEC = Path("spec")
_OURS = "IPv4"
_BOTH = (_OURS, "IPv6")
_REQUIRED = "RequireDualStack"


def default_families(spec: ServiceSpec) -> list[FieldError]:
    """Fill in policy and families; gives what asks for more than there is."""
    if spec.type == EXTERNAL_NAME:
        return []
    # who writes the endpoints of a headless Service by hand may have addresses of either family
    free = is_headless(spec) and not spec.selector
    errors: list[FieldError] = []
    if not free:
        if spec.ipFamilyPolicy == _REQUIRED:
            why = "this cluster is not configured for dual-stack services"
            errors.append(bad(_SPEC.child("ipFamilyPolicy"), spec.ipFamilyPolicy, why))
        errors += [
            bad(_SPEC.child("ipFamilies").at(number), family, "not configured on this cluster")
            for number, family in enumerate(spec.ipFamilies)
            if family in _BOTH and family != _OURS
        ]
    if spec.ipFamilyPolicy is None:
        spec.ipFamilyPolicy = _REQUIRED if free and len(spec.ipFamilies) != 1 else "SingleStack"
    if not spec.ipFamilies:
        spec.ipFamilies = list(_BOTH) if spec.ipFamilyPolicy == _REQUIRED and free else [_OURS]
    return errors
