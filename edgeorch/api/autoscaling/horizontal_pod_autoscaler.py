"""HorizontalPodAutoscalers: as many pods as what they use calls for (autoscaling/v2)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.autoscaling.metrics import CrossVersionObjectReference, MetricSpec, MetricStatus
from edgeorch.api.conditions import WorkloadCondition
from edgeorch.api.meta import Int32, Int64, ListKeys, MergeKey, Model, Object, Required, Time
from edgeorch.api.quantity import Quantity

PODS_POLICY = "Pods"
PERCENT_POLICY = "Percent"
POLICY_TYPES = (PERCENT_POLICY, PODS_POLICY)

MAX = "Max"
MIN = "Min"
DISABLED = "Disabled"
SELECT_POLICIES = (DISABLED, MAX, MIN)
"""Values of ``selectPolicy``, in the order Kubernetes lists them."""


class HPAScalingPolicy(Model):
    """A limit to how fast the number of pods changes."""

    type: str
    """``Pods`` or ``Percent``: what the value counts."""
    value: Int32
    """The largest change within the period; above zero."""
    periodSeconds: Int32
    """The period; 1 to 1800."""


class HPAScalingRules(Model):
    """How the number of pods may change in one direction."""

    stabilizationWindowSeconds: Int32 | None = None
    """Seconds to look back for the most careful wish; by default 0 for more pods and 300 for fewer."""
    selectPolicy: str | None = None
    """Of several policies ``Max`` (the default) takes the largest change and ``Min`` the smallest; ``Disabled``
    lets nothing change in this direction."""
    policies: list[HPAScalingPolicy] = Field(default_factory=list)
    """The limits; by default twice as many pods, or 4 more, in 15 seconds, and down to none at once."""
    tolerance: Quantity | None = None
    """How far usage may be off its target, as a fraction of it, before anything is done; 0.1 by default."""


class HorizontalPodAutoscalerBehavior(Model):
    """How the number of pods may change."""

    scaleUp: HPAScalingRules | None = None
    """Towards more pods."""
    scaleDown: HPAScalingRules | None = None
    """Towards fewer."""


class HorizontalPodAutoscalerSpec(Model):
    """What to scale, by what, and within which limits."""

    scaleTargetRef: CrossVersionObjectReference
    """The workload."""
    minReplicas: Int32 | None = None
    """The fewest pods; 1 by default."""
    maxReplicas: Int32
    """The most pods."""
    metrics: list[MetricSpec] = Field(default_factory=list)
    """What to scale by; by default 80 per cent of the requested processor time."""
    behavior: HorizontalPodAutoscalerBehavior | None = None
    """How the number of pods may change."""


class HorizontalPodAutoscalerCondition(WorkloadCondition):
    """Whether scaling works: ``AbleToScale``, ``ScalingActive`` and ``ScalingLimited``."""


class HorizontalPodAutoscalerStatus(Model):
    """What was found, and what was done about it."""

    observedGeneration: Int64 | None = None
    """The ``metadata.generation`` that this is about."""
    lastScaleTime: Time | None = None
    """When the number of pods was last changed."""
    currentReplicas: Int32 = 0
    """Pods that were wanted when it was last looked."""
    desiredReplicas: Int32
    """Pods that were then asked for."""
    currentMetrics: list[MetricStatus] = Field(default_factory=list)
    """What was measured."""
    conditions: Annotated[list[HorizontalPodAutoscalerCondition], MergeKey("type"), ListKeys(("type",))] = (
        Field(default_factory=list)
    )
    """Whether scaling works, and what keeps it from going on."""


class HorizontalPodAutoscaler(Object):
    """Keeps a workload at as many pods as what they use calls for."""

    spec: Required[HorizontalPodAutoscalerSpec] = Field(
        default_factory=lambda: HorizontalPodAutoscalerSpec(
            scaleTargetRef=CrossVersionObjectReference(kind="", name=""), maxReplicas=0
        )
    )
    """What to scale, by what, and within which limits."""
    status: HorizontalPodAutoscalerStatus = Field(
        default_factory=lambda: HorizontalPodAutoscalerStatus(desiredReplicas=0)
    )
    """What was found, and what was done about it."""
