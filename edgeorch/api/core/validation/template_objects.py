"""Defaults and validation of PodTemplates (``ValidatePodTemplate``)."""

from __future__ import annotations

from edgeorch.api.core.pod_defaults import default_pod_template
from edgeorch.api.core.pod_template_object import PodTemplate
from edgeorch.api.core.validation.pod_templates import validate_pod_template
from edgeorch.api.meta_validation import validate_meta, validate_meta_update
from edgeorch.api.validation import FieldError, Path

_TEMPLATE = Path("template")


def default_template_object(one: PodTemplate) -> None:
    """Fill in what pods of it would get."""
    default_pod_template(one.template)


def validate_template_object(one: PodTemplate) -> list[FieldError]:
    """Check a new PodTemplate."""
    return validate_meta(one.metadata, namespaced=True) + validate_pod_template(one.template, _TEMPLATE)


def validate_template_object_update(new: PodTemplate, old: PodTemplate) -> list[FieldError]:
    """Check a changed PodTemplate."""
    return validate_meta_update(new.metadata, old.metadata) + validate_pod_template(new.template, _TEMPLATE)
