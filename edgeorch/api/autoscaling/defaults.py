"""Defaults of HorizontalPodAutoscalers, as in Kubernetes' ``pkg/apis/autoscaling/v2/defaults.go``.

All functions fill in what is missing, in place, and are idempotent.
"""

from __future__ import annotations

from edgeorch.api.autoscaling.horizontal_pod_autoscaler import (
    MAX,
    PERCENT_POLICY,
    PODS_POLICY,
    HorizontalPodAutoscaler,
    HPAScalingPolicy,
    HPAScalingRules,
)
from edgeorch.api.autoscaling.metrics import (
    RESOURCE,
    UTILIZATION,
    MetricSpec,
    MetricTarget,
    ResourceMetricSource,
)

DEFAULT_CPU_UTILIZATION = 80
"""Per cent of the requested processor time."""


def default_horizontal_pod_autoscaler(autoscaler: HorizontalPodAutoscaler) -> None:
    """Keep at least one pod, scale by processor time, and complete the rules of a behaviour that is given."""
    spec = autoscaler.spec
    if spec.minReplicas is None:
        spec.minReplicas = 1
    if not spec.metrics:
        spec.metrics = [cpu_utilization(DEFAULT_CPU_UTILIZATION)]
    if spec.behavior is not None:
        spec.behavior.scaleUp = _scale_up(spec.behavior.scaleUp or HPAScalingRules())
        spec.behavior.scaleDown = _scale_down(spec.behavior.scaleDown or HPAScalingRules())


def cpu_utilization(percent: int) -> MetricSpec:
    """Make the metric that autoscaling/v1 knows."""
    target = MetricTarget(type=UTILIZATION, averageUtilization=percent)
    return MetricSpec(type=RESOURCE, resource=ResourceMetricSource(name="cpu", target=target))


def _scale_up(rules: HPAScalingRules) -> HPAScalingRules:
    """Twice as many pods or four more in 15 seconds, whichever is more (``GenerateHPAScaleUpRules``)."""
    if rules.stabilizationWindowSeconds is None:
        rules.stabilizationWindowSeconds = 0
    if rules.selectPolicy is None:
        rules.selectPolicy = MAX
    if not rules.policies:
        rules.policies = [
            HPAScalingPolicy(type=PODS_POLICY, value=4, periodSeconds=15),
            HPAScalingPolicy(type=PERCENT_POLICY, value=100, periodSeconds=15),
        ]
    return rules


def _scale_down(rules: HPAScalingRules) -> HPAScalingRules:
    """All pods may go at once; the window is the controller's to choose (``GenerateHPAScaleDownRules``)."""
    if rules.selectPolicy is None:
        rules.selectPolicy = MAX
    if not rules.policies:
        rules.policies = [HPAScalingPolicy(type=PERCENT_POLICY, value=100, periodSeconds=15)]
    return rules
