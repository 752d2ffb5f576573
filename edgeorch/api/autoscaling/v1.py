"""autoscaling/v1: HorizontalPodAutoscalers that know processor time only, and the rest as annotations.

The same objects as those of autoscaling/v2, which is what is stored; the rules are those of Kubernetes'
``pkg/apis/autoscaling/v1/conversion.go``, so that an object comes back as it was, whichever version it was
read and written in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from edgeorch.api.autoscaling import horizontal_pod_autoscaler as v2
from edgeorch.api.autoscaling.defaults import cpu_utilization
from edgeorch.api.autoscaling.metrics import (
    RESOURCE,
    CrossVersionObjectReference,
    MetricSpec,
    MetricStatus,
    MetricValueStatus,
    ResourceMetricStatus,
)
from edgeorch.api.autoscaling.v1_annotations import (
    read_metric,
    read_status,
    write_metric,
    write_status,
)
from edgeorch.api.meta import Atomic, Int32, Int64, Model, Object, Required, Time

_PREFIX = "autoscaling.alpha.kubernetes.io/"
METRICS = f"{_PREFIX}metrics"
CURRENT_METRICS = f"{_PREFIX}current-metrics"
CONDITIONS = f"{_PREFIX}conditions"
BEHAVIOR = f"{_PREFIX}behavior"
ANNOTATIONS = frozenset({METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR})

ReadT = TypeVar("ReadT")


class HorizontalPodAutoscalerSpec(Model):
    """What to scale, and within which limits."""

    scaleTargetRef: Annotated[CrossVersionObjectReference, Atomic()]
    """The workload."""
    minReplicas: Int32 | None = None
    """The fewest pods; 1 by default."""
    maxReplicas: Int32
    """The most pods."""
    targetCPUUtilizationPercentage: Int32 | None = None
    """How much of the requested processor time the pods should use; 80 by default."""


class HorizontalPodAutoscalerStatus(Model):
    """What was found, and what was done about it."""

    observedGeneration: Int64 | None = None
    """The ``metadata.generation`` that this is about."""
    lastScaleTime: Time | None = None
    """When the number of pods was last changed."""
    currentReplicas: Int32
    """Pods that were wanted when it was last looked."""
    desiredReplicas: Int32
    """Pods that were then asked for."""
    currentCPUUtilizationPercentage: Int32 | None = None
    """How much of the requested processor time the pods used."""


class HorizontalPodAutoscaler(Object):
    """Keeps a workload at as many pods as their processor time calls for."""

    spec: Required[HorizontalPodAutoscalerSpec] = Field(
        default_factory=lambda: HorizontalPodAutoscalerSpec(
            scaleTargetRef=CrossVersionObjectReference(kind="", name=""), maxReplicas=0
        )
    )
    """What to scale, and within which limits."""
    status: HorizontalPodAutoscalerStatus = Field(
        default_factory=lambda: HorizontalPodAutoscalerStatus(currentReplicas=0, desiredReplicas=0)
    )
    """What was found, and what was done about it."""


def from_v2(stored: v2.HorizontalPodAutoscaler) -> HorizontalPodAutoscaler:
    """Show what is stored; what this version has no field for becomes annotations."""
    spec, status = stored.spec, stored.status
    annotations = _others(stored.metadata.annotations)
    if others := [metric for metric in spec.metrics if _cpu_percent(metric) is None]:
        annotations[METRICS] = _json([write_metric(metric) for metric in others])
    if status.currentMetrics:
        annotations[CURRENT_METRICS] = _json([write_status(metric) for metric in status.currentMetrics])
    if spec.behavior is not None:
        annotations[BEHAVIOR] = _json(spec.behavior.to_dict())
    if status.conditions:
        annotations[CONDITIONS] = _json([condition.to_dict() for condition in status.conditions])
    return HorizontalPodAutoscaler(
        apiVersion="autoscaling/v1",
        kind=stored.kind,
        metadata=stored.metadata.model_copy(update={"annotations": annotations}),
        spec=HorizontalPodAutoscalerSpec(
            scaleTargetRef=spec.scaleTargetRef,
            minReplicas=spec.minReplicas,
            maxReplicas=spec.maxReplicas,
            targetCPUUtilizationPercentage=_first(map(_cpu_percent, spec.metrics)),
        ),
        status=HorizontalPodAutoscalerStatus(
            observedGeneration=status.observedGeneration,
            lastScaleTime=status.lastScaleTime,
            currentReplicas=status.currentReplicas,
            desiredReplicas=status.desiredReplicas,
            currentCPUUtilizationPercentage=_first(map(_current_cpu_percent, status.currentMetrics)),
        ),
    )


def to_v2(given: HorizontalPodAutoscaler) -> v2.HorizontalPodAutoscaler:
    """Make what is stored; annotations that say nothing sensible are dropped, as Kubernetes does."""
    spec, status, said = given.spec, given.status, given.metadata.annotations
    metrics = _read(said, METRICS, lambda items: [read_metric(item) for item in items]) or []
    if spec.targetCPUUtilizationPercentage is not None:
        metrics.append(cpu_utilization(spec.targetCPUUtilizationPercentage))
    current = _read(said, CURRENT_METRICS, lambda items: [read_status(item) for item in items])
    if current is None and status.currentCPUUtilizationPercentage is not None:
        current = [_cpu_status(status.currentCPUUtilizationPercentage)]
    conditions = _read(
        said, CONDITIONS, lambda items: [v2.HorizontalPodAutoscalerCondition.from_dict(item) for item in items]
    )
    return v2.HorizontalPodAutoscaler(
        apiVersion="autoscaling/v2",
        kind=given.kind,
        metadata=given.metadata.model_copy(update={"annotations": _others(said)}),
        spec=v2.HorizontalPodAutoscalerSpec(
            scaleTargetRef=spec.scaleTargetRef,
            minReplicas=spec.minReplicas,
            maxReplicas=spec.maxReplicas,
            metrics=metrics,
            behavior=_read(said, BEHAVIOR, v2.HorizontalPodAutoscalerBehavior.from_dict),
        ),
        status=v2.HorizontalPodAutoscalerStatus(
            observedGeneration=status.observedGeneration,
            lastScaleTime=status.lastScaleTime,
            currentReplicas=status.currentReplicas,
            desiredReplicas=status.desiredReplicas,
            currentMetrics=current or [],
            conditions=conditions or [],
        ),
    )


def _others(annotations: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in annotations.items() if name not in ANNOTATIONS}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _read(annotations: Mapping[str, str], name: str, read: Callable[[Any], ReadT]) -> ReadT | None:
    if name not in annotations:
        return None
    try:
        return read(json.loads(annotations[name]))
    except (ValueError, ValidationError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # whatever a client may have written there


def _cpu_percent(metric: MetricSpec) -> int | None:
    """Give the target of the metric that this version has a field for."""
    source = metric.resource
    if metric.type != RESOURCE or source is None or source.name != "cpu":
        return None
    return source.target.averageUtilization


def _current_cpu_percent(metric: MetricStatus) -> int | None:
    source = metric.resource
    if metric.type != RESOURCE or source is None or source.name != "cpu":
        return None
    return source.current.averageUtilization


def _cpu_status(percent: int) -> MetricStatus:
    current = MetricValueStatus(averageUtilization=percent)
    return MetricStatus(type=RESOURCE, resource=ResourceMetricStatus(name="cpu", current=current))


def _first(numbers: Iterable[int | None]) -> int | None:
    return next((number for number in numbers if number is not None), None)
