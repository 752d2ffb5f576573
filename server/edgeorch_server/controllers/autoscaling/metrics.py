"""From one metric of a spec to a number of pods, and from several to one (``computeReplicasForMetrics``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgeorch.api.autoscaling.metrics import (
    CONTAINER_RESOURCE,
    EXTERNAL,
    OBJECT,
    PODS,
    RESOURCE,
    ContainerResourceMetricStatus,
    MetricSpec,
    MetricStatus,
    MetricTarget,
    MetricValueStatus,
    ResourceMetricStatus,
)
from edgeorch.api.meta import LabelSelector
from edgeorch.api.quantity import Amount
from edgeorch_server.controllers.autoscaling.pods import Measured, NotMeasurable, ScaledPod, measured_of
from edgeorch_server.controllers.autoscaling.replicas import Tolerances, by_average, by_utilization
from edgeorch_server.metrics.pod_usage import PodUsage

_CUSTOM = (
    "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"
)
_EXTERNAL = (
    "unable to fetch metrics from external metrics API: "
    "no external metrics API (external.metrics.k8s.io) registered"
)


@dataclass(frozen=True, slots=True)
class Situation:
    """What there is to scale by."""

    namespace: str
    replicas: int
    """Pods that are wanted now."""
    pods: Sequence[ScaledPod]
    usages: Sequence[PodUsage]
    now: dt.datetime
    tolerances: Tolerances = field(default_factory=Tolerances)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one metric calls for."""

    replicas: int
    metric: str
    """What the metric is called in reasons."""
    status: MetricStatus


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one metric calls for nothing."""

    reason: str
    message: str
    error: str
    """The same as part of a longer sentence."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all metrics together call for."""

    replicas: int | None
    """None when nothing may be done."""
    metric: str
    statuses: list[MetricStatus]
    reason: str
    """Of ``ScalingActive``, which is true if there is a number; its message beside it."""
    message: str
    failures: tuple[Failure, ...] = ()
    error: str = ""
    """What went wrong with some of them, or all."""


def judge(metrics: Sequence[MetricSpec], situation: Situation) -> Verdict:
    """Take the metric that wants most pods.

    With metrics that fail there may only be more pods than now, not fewer: they might want more.
    """
    results = [evaluate(metric, situation) for metric in metrics]
    failures = tuple(result for result in results if isinstance(result, Failure))
    proposals = [result for result in results if isinstance(result, Proposal)]
    statuses = [result.status if isinstance(result, Proposal) else MetricStatus(type="") for result in results]
    best = max(proposals, key=lambda proposal: proposal.replicas, default=None)
    error = ""
    if failures:
        error = (
            f"invalid metrics ({len(failures)} invalid out of {len(metrics)}), "
            f"first error is: {failures[0].error}"
        )
    if best is None or (failures and best.replicas < situation.replicas):
        first = failures[0]
        message = f"the HPA was unable to compute the replica count: {first.message}"
        return Verdict(None, "", statuses, first.reason, message, failures, error)
    message = f"the HPA was able to successfully calculate a replica count from {best.metric}"
    return Verdict(best.replicas, best.metric, statuses, "ValidMetricFound", message, failures, error)


def evaluate(metric: MetricSpec, situation: Situation) -> Proposal | Failure:
    """Say how many pods one metric calls for (``computeReplicasForMetric``)."""
    match metric:
        case MetricSpec(type=t, resource=source) if t == RESOURCE and source is not None:
            return _resource(source.name, source.target, situation)
        case MetricSpec(type=t, containerResource=inner) if t == CONTAINER_RESOURCE and inner is not None:
            return _resource(inner.name, inner.target, situation, inner.container)
        case MetricSpec(type=t, pods=per_pod) if t == PODS and per_pod is not None:
            message = f"unable to get metric {per_pod.metric.name}: {_CUSTOM}"
            return Failure("FailedGetPodsMetric", message, f"failed to get pods metric value: {message}")
        case MetricSpec(type=t, object=one) if t == OBJECT and one is not None:
            where = f"{one.describedObject.kind} on {situation.namespace} {one.describedObject.name}"
            message = f"unable to get metric {one.metric.name}: {where}/{_CUSTOM}"
            return Failure("FailedGetObjectMetric", message, f"failed to get object metric value: {message}")
        case MetricSpec(type=t, external=outer) if t == EXTERNAL and outer is not None:
            name = outer.metric.name
            series = f"{situation.namespace}/{name}/{_go_selector(outer.metric.selector)}"
            message = f"unable to get external metric {series}: {_EXTERNAL}"
            return Failure(
                "FailedGetExternalMetric", message, f"failed to get {name} external metric value: {message}"
            )
    message = f'unknown metric source type "{metric.type}"'
    return Failure("InvalidMetricSourceType", message, message)


def _resource(name: str, target: MetricTarget, situation: Situation, container: str = "") -> Proposal | Failure:
    kind = "container" if container else "resource"
    try:
        try:
            measured = measured_of(situation.usages, name, container)
        except NotMeasurable as exc:
            raise NotMeasurable(f"unable to get metrics for resource {name}: {exc}") from exc
        replicas, metric, current = _scaled(name, target, situation, measured, container)
    except NotMeasurable as exc:
        what = "usage" if target.averageValue is not None else "utilization"
        message = f"failed to get {name} {what}: {exc}"
        reason = "FailedGetContainerResourceMetric" if container else "FailedGetResourceMetric"
        return Failure(reason, message, f"failed to get {name} {kind} metric value: {message}")
    return Proposal(replicas, metric, _status(name, container, current))


def _scaled(
    name: str,
    target: MetricTarget,
    situation: Situation,
    measured: Mapping[str, Measured],
    container: str,
) -> tuple[int, str, MetricValueStatus]:
    now, pods, tolerances = situation.now, situation.pods, situation.tolerances
    if target.averageValue is not None:
        wanted = Amount.parse(target.averageValue).milli_value()
        average = by_average(situation.replicas, wanted, name, pods, measured, tolerances, now)
        current = MetricValueStatus(averageValue=str(Amount.of_milli(average.average)))
        return average.replicas, f"{name} resource", current
    if target.averageUtilization is None:
        raise NotMeasurable("neither an average utilization target nor an average value (usage) target was set")
    used = by_utilization(
        situation.replicas, target.averageUtilization, name, pods, measured, tolerances, now, container
    )
    current = MetricValueStatus(
        averageUtilization=used.percent, averageValue=str(Amount.of_milli(used.average))
    )
    kind = "container resource" if container else "resource"
    return used.replicas, f"{name} {kind} utilization (percentage of request)", current


def _status(name: str, container: str, current: MetricValueStatus) -> MetricStatus:
    if container:
        inner = ContainerResourceMetricStatus(name=name, container=container, current=current)
        return MetricStatus(type=CONTAINER_RESOURCE, containerResource=inner)
    return MetricStatus(type=RESOURCE, resource=ResourceMetricStatus(name=name, current=current))


def _go_selector(selector: LabelSelector | None) -> str:
    """Write a selector as Go prints the struct, which is what Kubernetes' message shows."""
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted(selector.matchLabels.items()))
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{e.key},Operator:{e.operator},Values:[{' '.join(e.values)}],}},"
        for e in selector.matchExpressions
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
