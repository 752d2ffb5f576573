"""Validation of the pod templates of workload controllers, under whatever path a kind has them."""

from __future__ import annotations

from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.core.validation.pods import validate_pod_spec
from edgeorch.api.meta_validation import validate_annotations, validate_labels
from edgeorch.api.selectors import Selector
from edgeorch.api.validation import FieldError, Path, bad, forbidden, not_supported


def validate_pod_template(template: PodTemplateSpec, path: Path) -> list[FieldError]:
    """Check a pod template, defaulted before (``ValidatePodTemplateSpec``).

    As in Kubernetes labels and annotations are found at ``template.labels``, without the ``metadata`` between.
    """
    spec = path.child("spec")
    errors = [
        *validate_labels(template.metadata.labels, path.child("labels")),
        *validate_annotations(template.metadata.annotations, path.child("annotations")),
        *validate_pod_spec(template.spec, spec),
    ]
    if template.spec.ephemeralContainers:
        why = "ephemeral containers not allowed in pod template"
        errors.append(forbidden(spec.child("ephemeralContainers"), why))
    return errors


def validate_selected(template: PodTemplateSpec, selector: Selector, path: Path) -> list[FieldError]:
    """Check that a controller would find the pods that it makes again; an empty selector is another mistake."""
    labels = template.metadata.labels
    if selector.empty or selector.matches(labels):
        return []
    return [bad(path.child("metadata", "labels"), labels, "`selector` does not match template `labels`")]


def validate_restart_policy(
    template: PodTemplateSpec, path: Path, allowed: tuple[str, ...]
) -> list[FieldError]:
    """Check that pods are restarted in a way that a controller of the kind can work with."""
    policy = template.spec.restartPolicy
    return [] if policy in allowed else [not_supported(path.child("spec", "restartPolicy"), policy, allowed)]


def validate_no_deadline(template: PodTemplateSpec, path: Path, kind: str) -> list[FieldError]:
    """Check that pods meant to run for ever have no end set (``activeDeadlineSeconds``)."""
    if template.spec.activeDeadlineSeconds is None:
        return []
    why = f"activeDeadlineSeconds in {kind} is not Supported"
    return [forbidden(path.child("spec", "activeDeadlineSeconds"), why)]
