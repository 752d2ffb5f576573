"""What a HorizontalPodAutoscaler measures (autoscaling/v2)."""

from __future__ import annotations

from edgeorch.api.meta import Int32, LabelSelector, Model
from edgeorch.api.quantity import Quantity

RESOURCE = "Resource"
CONTAINER_RESOURCE = "ContainerResource"
PODS = "Pods"
OBJECT = "Object"
EXTERNAL = "External"
METRIC_TYPES = (CONTAINER_RESOURCE, EXTERNAL, OBJECT, PODS, RESOURCE)
"""Values of ``type`` of a metric, in the order Kubernetes lists them."""

UTILIZATION = "Utilization"
VALUE = "Value"
AVERAGE_VALUE = "AverageValue"
TARGET_TYPES = (UTILIZATION, VALUE, AVERAGE_VALUE)


class CrossVersionObjectReference(Model):
    """Points at an object of the same namespace."""

    kind: str
    """Its kind."""
    name: str
    """Its name."""
    apiVersion: str = ""
    """Its group and version, such as ``apps/v1``."""


class MetricIdentifier(Model):
    """Names a metric that is neither processor nor memory."""

    name: str
    """The metric's name."""
    selector: LabelSelector | None = None
    """Which of the metric's series; all by default."""


class MetricTarget(Model):
    """How much of something there should be."""

    type: str
    """``Utilization``, ``Value`` or ``AverageValue``: which of the others is meant."""
    value: Quantity | None = None
    """All together."""
    averageValue: Quantity | None = None
    """For each pod."""
    averageUtilization: Int32 | None = None
    """Per cent of what the pods request."""


class MetricValueStatus(Model):
    """How much there was when it was last looked."""

    value: Quantity | None = None
    """All together."""
    averageValue: Quantity | None = None
    """For each pod."""
    averageUtilization: Int32 | None = None
    """Per cent of what the pods request."""


class ResourceMetricSource(Model):
    """A resource that the pods request, such as ``cpu``."""

    name: str
    """The resource."""
    target: MetricTarget
    """How much of it the pods should use."""


class ContainerResourceMetricSource(Model):
    """A resource that one container of the pods requests."""

    name: str
    """The resource."""
    target: MetricTarget
    """How much of it the container should use."""
    container: str
    """The container's name in the pods."""


class PodsMetricSource(Model):
    """A metric of each pod, from the custom metrics API."""

    metric: MetricIdentifier
    """Which one."""
    target: MetricTarget
    """How much there should be for each pod."""


class ObjectMetricSource(Model):
    """A metric of one object, from the custom metrics API."""

    describedObject: CrossVersionObjectReference
    """The object it is of."""
    target: MetricTarget
    """How much there should be."""
    metric: MetricIdentifier
    """Which one."""


class ExternalMetricSource(Model):
    """A metric of something outside of the cluster, from the external metrics API."""

    metric: MetricIdentifier
    """Which one."""
    target: MetricTarget
    """How much there should be."""


class MetricSpec(Model):
    """One thing to scale by; of several the one that wants most pods decides."""

    type: str
    """``Resource``, ``ContainerResource``, ``Pods``, ``Object`` or ``External``: which of the others is set."""
    object: ObjectMetricSource | None = None
    """A metric of one object. There is no custom metrics API here: it never has a value."""
    pods: PodsMetricSource | None = None
    """A metric of each pod. There is no custom metrics API here: it never has a value."""
    resource: ResourceMetricSource | None = None
    """A resource that the pods request."""
    containerResource: ContainerResourceMetricSource | None = None
    """A resource that one container of the pods requests."""
    external: ExternalMetricSource | None = None
    """A metric from outside. There is no external metrics API here: it never has a value."""


class ResourceMetricStatus(Model):
    """How much of a resource the pods use."""

    name: str
    """The resource."""
    current: MetricValueStatus
    """How much of it."""


class ContainerResourceMetricStatus(Model):
    """How much of a resource one container of the pods uses."""

    name: str
    """The resource."""
    current: MetricValueStatus
    """How much of it."""
    container: str
    """The container's name in the pods."""


class PodsMetricStatus(Model):
    """What a metric of each pod was."""

    metric: MetricIdentifier
    """Which one."""
    current: MetricValueStatus
    """How much."""


class ObjectMetricStatus(Model):
    """What a metric of one object was."""

    metric: MetricIdentifier
    """Which one."""
    current: MetricValueStatus
    """How much."""
    describedObject: CrossVersionObjectReference
    """The object it is of."""


class ExternalMetricStatus(Model):
    """What a metric from outside was."""

    metric: MetricIdentifier
    """Which one."""
    current: MetricValueStatus
    """How much."""


class MetricStatus(Model):
    """What one of the metrics was when it was last looked."""

    type: str
    """As in the spec."""
    object: ObjectMetricStatus | None = None
    """A metric of one object."""
    pods: PodsMetricStatus | None = None
    """A metric of each pod."""
    resource: ResourceMetricStatus | None = None
    """A resource that the pods request."""
    containerResource: ContainerResourceMetricStatus | None = None
    """A resource that one container of the pods requests."""
    external: ExternalMetricStatus | None = None
    """A metric from outside."""
