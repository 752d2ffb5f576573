"""Validation of priority classes, as in Kubernetes' ``pkg/apis/scheduling/validation``."""

from __future__ import annotations

import json

from edgeorch.api.meta_validation import immutable, validate_enum, validate_meta, validate_meta_update
from edgeorch.api.scheduling.priority_class import (
    HIGHEST_OF_USERS,
    PREEMPTION_POLICIES,
    SYSTEM_PREFIX,
    PriorityClass,
    system_classes,
)
from edgeorch.api.validation import FieldError, Path, forbidden

_POLICY = Path("preemptionPolicy")


def validate_priority_class(obj: PriorityClass) -> list[FieldError]:
    """Check a new priority class (``ValidatePriorityClass``)."""
    errors = validate_meta(obj.metadata, namespaced=False)
    if obj.metadata.name.startswith(SYSTEM_PREFIX):
        if why := _not_of_the_system(obj):
            reserved = f"priority class names with '{SYSTEM_PREFIX}' prefix are reserved for system use only"
            errors.append(forbidden("metadata.name", f"{reserved}. error: {why}"))
    elif obj.value > HIGHEST_OF_USERS:
        why = f"maximum allowed value of a user defined priority is {HIGHEST_OF_USERS}"
        errors.append(forbidden("value", why))
    if obj.preemptionPolicy is not None:
        errors += validate_enum(obj.preemptionPolicy, _POLICY, PREEMPTION_POLICIES)
    return errors


def _not_of_the_system(obj: PriorityClass) -> str:
    """Say why a class is none of the system's; empty if it is (``IsKnownSystemPriorityClass``)."""
    name = obj.metadata.name
    known = next((one for one in system_classes() if one.metadata.name == name), None)
    if known is None:
        return f"{name} is not a known system priority class"
    if obj.value != known.value:
        return f"value of {name} PriorityClass must be {known.value}"
    if obj.globalDefault != known.globalDefault:
        return f"globalDefault of {name} PriorityClass must be {json.dumps(known.globalDefault)}"
    return ""


def validate_priority_class_update(new: PriorityClass, old: PriorityClass) -> list[FieldError]:
    """Check a changed priority class: what pods have copied stays (``ValidatePriorityClassUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata)
    if new.value != old.value:
        errors.append(forbidden("value", "may not be changed in an update."))
    return errors + immutable(_POLICY, new.preemptionPolicy, old.preemptionPolicy)
