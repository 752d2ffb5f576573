"""Validation of what a HorizontalPodAutoscaler measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from edgeorch.api.autoscaling.metrics import (
    CONTAINER_RESOURCE,
    EXTERNAL,
    METRIC_TYPES,
    OBJECT,
    PODS,
    RESOURCE,
    TARGET_TYPES,
    ContainerResourceMetricSource,
    CrossVersionObjectReference,
    ExternalMetricSource,
    MetricIdentifier,
    MetricSpec,
    MetricTarget,
    ObjectMetricSource,
    PodsMetricSource,
    ResourceMetricSource,
)
from edgeorch.api.core.validation.resources import validate_container_resource_name
from edgeorch.api.names import dns_label_problems, path_segment_problems
from edgeorch.api.quantity import Amount
from edgeorch.api.validation import FieldError, Path, bad, forbidden, not_supported, required

_EITHER = "must set either a target raw value or a target utilization"
_NOT_BOTH = "may not set both a target raw value and a target utilization"


def validate_metrics(metrics: Sequence[MetricSpec], path: Path) -> list[FieldError]:
    """Check all metrics (``validateMetrics``)."""
    return [error for number, metric in enumerate(metrics) for error in _validate(metric, path.at(number))]


def _validate(metric: MetricSpec, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if not metric.type:
        errors.append(required(path.child("type"), "must specify a metric source type"))
    if metric.type not in METRIC_TYPES:
        errors.append(not_supported(path.child("type"), metric.type, METRIC_TYPES))
    given = [name for name in _SOURCES if getattr(metric, name) is not None]
    for name in given[:1]:
        errors += _SOURCES[name](getattr(metric, name), path.child(name))
    expected = _MEMBERS.get(metric.type)
    if expected is None:
        errors.append(not_supported(path.child("type"), metric.type, METRIC_TYPES))
    elif expected not in given:
        errors.append(required(path.child(expected), "must populate information for the given metric source"))
    if len(given) != 1:
        errors += [
            forbidden(path.child(name), "must populate the given metric source only")
            for name in given
            if name != expected
        ]
    return errors


def _validate_object(source: ObjectMetricSource, path: Path) -> list[FieldError]:
    errors = [
        *validate_reference(source.describedObject, path.child("describedObject")),
        *_validate_identifier(source.metric, path.child("metric")),
        *_validate_target(source.target, path.child("target")),
    ]
    if source.target.value is None and source.target.averageValue is None:
        errors.append(
            required(path.child("target", "averageValue"), "must set either a target value or averageValue")
        )
    return errors


def _validate_external(source: ExternalMetricSource, path: Path) -> list[FieldError]:
    errors = [
        *_validate_identifier(source.metric, path.child("metric")),
        *_validate_target(source.target, path.child("target")),
    ]
    target = source.target
    if target.value is None and target.averageValue is None:
        why = "must set either a target value for metric or a per-pod target"
        errors.append(required(path.child("target", "averageValue"), why))
    if target.value is not None and target.averageValue is not None:
        why = "may not set both a target value for metric and a per-pod target"
        errors.append(forbidden(path.child("target", "value"), why))
    return errors


def _validate_pods(source: PodsMetricSource, path: Path) -> list[FieldError]:
    errors = [
        *_validate_identifier(source.metric, path.child("metric")),
        *_validate_target(source.target, path.child("target")),
    ]
    if source.target.averageValue is None:
        why = "must specify a positive target averageValue"
        errors.append(required(path.child("target", "averageValue"), why))
    return errors


def _validate_resource(source: ResourceMetricSource, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if not source.name:
        errors.append(required(path.child("name"), "must specify a resource name"))
    return errors + _validate_resource_target(source.target, path.child("target"))


def _validate_container_resource(source: ContainerResourceMetricSource, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if not source.name:
        errors.append(required(path.child("name"), "must specify a resource name"))
    else:
        errors += validate_container_resource_name(source.name, path.child("name"))
    if not source.container:
        errors.append(required(path.child("container"), "must specify a container"))
    else:
        problems = dns_label_problems(source.container)
        errors += [bad(path.child("container"), source.container, problem) for problem in problems]
    return errors + _validate_resource_target(source.target, path.child("target"))


def _validate_resource_target(target: MetricTarget, path: Path) -> list[FieldError]:
    errors = _validate_target(target, path)
    if target.averageUtilization is None and target.averageValue is None:
        errors.append(required(path.child("averageUtilization"), _EITHER))
    if target.averageUtilization is not None and target.averageValue is not None:
        errors.append(forbidden(path.child("averageValue"), _NOT_BOTH))
    return errors


def _validate_target(target: MetricTarget, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if not target.type:
        errors.append(required(path.child("type"), "must specify a metric target type"))
    if target.type not in TARGET_TYPES:
        why = "must be either Utilization, Value, or AverageValue"
        errors.append(bad(path.child("type"), target.type, why))
    for name in ("value", "averageValue"):
        quantity = getattr(target, name)
        if quantity is not None and Amount.parse(quantity).nanos <= 0:
            errors.append(bad(path.child(name), quantity, "must be positive"))
    if target.averageUtilization is not None and target.averageUtilization < 1:
        errors.append(
            bad(path.child("averageUtilization"), target.averageUtilization, "must be greater than 0")
        )
    return errors


def _validate_identifier(metric: MetricIdentifier, path: Path) -> list[FieldError]:
    if not metric.name:
        return [required(path.child("name"), "must specify a metric name")]
    return [bad(path.child("name"), metric.name, problem) for problem in path_segment_problems(metric.name)]


def validate_reference(reference: CrossVersionObjectReference, path: Path) -> list[FieldError]:
    """Check a reference to an object (``ValidateCrossVersionObjectReference``)."""
    errors: list[FieldError] = []
    for name in ("kind", "name"):
        value = getattr(reference, name)
        if not value:
            errors.append(required(path.child(name)))
        errors += [bad(path.child(name), value, problem) for problem in path_segment_problems(value)]
    return errors


_SOURCES: dict[str, Callable[[Any, Path], list[FieldError]]] = {
    "object": _validate_object,
    "external": _validate_external,
    "pods": _validate_pods,
    "resource": _validate_resource,
    "containerResource": _validate_container_resource,
}
"""In the order Kubernetes looks at them: it checks the first that is given."""

_MEMBERS = {
    OBJECT: "object",
    EXTERNAL: "external",
    PODS: "pods",
    RESOURCE: "resource",
    CONTAINER_RESOURCE: "containerResource",
}
"""Type -> the member that must be given."""
