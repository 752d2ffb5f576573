"""Validation of runtime classes (``pkg/apis/node/validation``)."""

from __future__ import annotations

from edgeorch.api.core.validation.scheduling import validate_tolerations
from edgeorch.api.meta_validation import immutable, validate_labels, validate_meta, validate_meta_update
from edgeorch.api.names import dns_label_problems
from edgeorch.api.node.runtime_class import RuntimeClass
from edgeorch.api.quantity import Amount
from edgeorch.api.validation import FieldError, Path, bad

_SCHEDULING = Path("scheduling")


def validate_runtime_class(one: RuntimeClass) -> list[FieldError]:
    """Check a new class (``ValidateRuntimeClass``)."""
    path = Path("handler")
    return [
        *validate_meta(one.metadata, namespaced=False),
        *(bad(path, one.handler, problem) for problem in dns_label_problems(one.handler)),
        *_validate_costs(one),
        *_validate_nodes(one),
    ]


def validate_runtime_class_update(new: RuntimeClass, old: RuntimeClass) -> list[FieldError]:
    """Check a changed class (``ValidateRuntimeClassUpdate``)."""
    return [
        *validate_meta_update(new.metadata, old.metadata),
        *immutable(Path("handler"), new.handler, old.handler),
        *_validate_nodes(new),
    ]


def _validate_costs(one: RuntimeClass) -> list[FieldError]:
    path = Path("overhead").child("podFixed")
    costs = one.overhead.podFixed if one.overhead else {}
    return [
        bad(path.key(name), text, "must be greater than or equal to 0")
        for name, text in costs.items()
        if Amount.parse(text).nanos < 0
    ]


def _validate_nodes(one: RuntimeClass) -> list[FieldError]:
    if one.scheduling is None:
        return []
    return [
        *validate_labels(one.scheduling.nodeSelector, _SCHEDULING.child("nodeSelector")),
        *validate_tolerations(one.scheduling.tolerations, _SCHEDULING.child("tolerations")),
    ]
