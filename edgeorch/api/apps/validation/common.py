"""Rules that several workload kinds share."""

from __future__ import annotations

from collections.abc import Iterable

from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.core.validation import (
    validate_no_deadline,
    validate_pod_template,
    validate_restart_policy,
    validate_selected,
)
from edgeorch.api.meta import LabelSelector, Model
from edgeorch.api.meta_validation import NEGATIVE, validate_label_selector
from edgeorch.api.selectors import Selector
from edgeorch.api.validation import FieldError, Path, bad, required
from edgeorch.errors import BadRequest

SPEC = Path("spec")
STATUS = Path("status")

MORE_THAN_REPLICAS = "cannot be greater than status.replicas"
MORE_THAN_READY = "cannot be greater than readyReplicas"


def validate_selector_and_template(
    selector: LabelSelector | None, template: PodTemplateSpec, *, empty: str, deadline: str = "ReplicaSet"
) -> list[FieldError]:
    """Check ``spec.selector`` and ``spec.template`` of a kind whose pods run for ever.

    ``empty`` is what the kind says of a selector that selects everything, ``deadline`` the kind that the
    refusal of ``activeDeadlineSeconds`` names.
    """
    path = SPEC.child("selector")
    errors = validate_label_selector(selector, path)
    if selector is None:
        errors.append(required(path))
    elif not selector.matchLabels and not selector.matchExpressions:
        errors.append(bad(path, selector, empty))
    try:
        parsed = Selector.from_label_selector(selector)
    except BadRequest:
        return [*errors, bad(path, selector, "invalid label selector")]
    return errors + validate_template(template, parsed, deadline)


def validate_template(template: PodTemplateSpec, selector: Selector, deadline: str) -> list[FieldError]:
    """Check the template of pods that run for ever (``ValidatePodTemplateSpecForReplicaSet``)."""
    path = SPEC.child("template")
    return [
        *validate_selected(template, selector, path),
        *validate_pod_template(template, path),
        *validate_restart_policy(template, path, ("Always",)),
        *validate_no_deadline(template, path, deadline),
    ]


def validate_not_negative(model: Model, path: Path, names: Iterable[str]) -> list[FieldError]:
    """Check the counts of a spec or status that are set (``ValidateNonnegativeField``)."""
    return [
        bad(path.child(name), value, NEGATIVE)
        for name in names
        if (value := getattr(model, name)) is not None and value < 0
    ]


def validate_at_most(status: Model, names: Iterable[str], limit: str, why: str) -> list[FieldError]:
    """Check that counts of a status are parts of another of its counts."""
    most = getattr(status, limit)
    return [bad(STATUS.child(name), value, why) for name in names if (value := getattr(status, name)) > most]
