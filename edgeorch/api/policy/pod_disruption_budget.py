"""Disruption budgets: how many pods of an application may be away by somebody's will."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.meta import (
    Condition,
    Int32,
    Int64,
    IntOrString,
    LabelSelector,
    ListKeys,
    MergeKey,
    Model,
    Object,
    Replaced,
    Time,
)

ALWAYS_ALLOW = "AlwaysAllow"
IF_HEALTHY_BUDGET = "IfHealthyBudget"
"""Values of ``unhealthyPodEvictionPolicy``."""

DISRUPTION_ALLOWED = "DisruptionAllowed"
"""The type of the one condition."""
SUFFICIENT_PODS = "SufficientPods"
INSUFFICIENT_PODS = "InsufficientPods"
SYNC_FAILED = "SyncFailed"
"""Its reasons."""


class PodDisruptionBudgetSpec(Model):
    """What is to be left of an application."""

    minAvailable: IntOrString | None = None
    """How many of its pods, or what percentage of them, must still be there after an eviction."""
    selector: Annotated[LabelSelector | None, Replaced()] = None
    """Which pods it is about: all of the namespace if it is empty, none if it is absent."""
    maxUnavailable: IntOrString | None = None
    """How many of its pods, or what percentage of them, may be away; not together with ``minAvailable``."""
    unhealthyPodEvictionPolicy: str | None = None
    """When pods that are not ready may be evicted: ``IfHealthyBudget`` (the default), while enough others are,
    or ``AlwaysAllow``."""


class PodDisruptionBudgetStatus(Model):
    """How many evictions there is room for."""

    observedGeneration: Int64 = 0
    """The ``metadata.generation`` that this status is about; until it is the newest, nothing is evicted."""
    disruptedPods: dict[str, Time] = Field(default_factory=dict)
    """Pods whose eviction was granted, and when, until they are seen to go; counted as gone."""
    disruptionsAllowed: Int32
    """How many pods may be evicted now."""
    currentHealthy: Int32
    """How many are ready."""
    desiredHealthy: Int32
    """How many have to be."""
    expectedPods: Int32
    """How many there should be."""
    conditions: Annotated[list[Condition], MergeKey("type"), ListKeys(("type",))] = Field(default_factory=list)
    """``DisruptionAllowed``: whether any pod may be evicted now, or why that is not known."""


def nothing_counted() -> PodDisruptionBudgetStatus:
    """Give the status of a new budget."""
    return PodDisruptionBudgetStatus(disruptionsAllowed=0, currentHealthy=0, desiredHealthy=0, expectedPods=0)


class PodDisruptionBudget(Object):
    """Limits how many pods of an application are evicted at a time."""

    spec: PodDisruptionBudgetSpec = Field(default_factory=PodDisruptionBudgetSpec)
    """What is to be left of an application."""
    status: PodDisruptionBudgetStatus = Field(default_factory=nothing_counted)
    """How many evictions there is room for."""
