"""ReplicaSets: so many pods of one template."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.conditions import WorkloadCondition
from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.meta import Int32, Int64, LabelSelector, ListKeys, MergeKey, Model, Object, Required

REPLICA_FAILURE = "ReplicaFailure"
"""Type of the condition that says that pods could not be made or deleted."""


class ReplicaSetSpec(Model):
    """How many pods of what kind."""

    replicas: Int32 | None = None
    """Pods wanted; 1 by default."""
    minReadySeconds: Int32 = 0
    """Seconds a new pod must be ready without a break until it counts as available."""
    selector: Required[LabelSelector | None] = None
    """Which pods belong to it; must match the template's labels and cannot change."""
    template: PodTemplateSpec = Field(default_factory=PodTemplateSpec)
    """What pods are made from."""


class ReplicaSetCondition(WorkloadCondition):
    """One aspect of a ReplicaSet's state."""


class ReplicaSetStatus(Model):
    """How many pods there are."""

    replicas: Int32
    """Pods that run or will run."""
    fullyLabeledReplicas: Int32 = 0
    """Those among them that have all labels of the template."""
    readyReplicas: Int32 = 0
    """Those among them that are ready."""
    availableReplicas: Int32 = 0
    """Those among them that have been ready for ``minReadySeconds``."""
    terminatingReplicas: Int32 | None = None
    """Pods besides those that are ending; not counted."""
    observedGeneration: Int64 = 0
    """The ``metadata.generation`` that this status is about."""
    conditions: Annotated[list[ReplicaSetCondition], MergeKey("type"), ListKeys(("type",))] = Field(
        default_factory=list
    )
    """What is the matter with it."""


class ReplicaSet(Object):
    """Keeps so many pods of one template running."""

    spec: ReplicaSetSpec = Field(default_factory=ReplicaSetSpec)
    """How many pods of what kind."""
    status: ReplicaSetStatus = Field(default_factory=lambda: ReplicaSetStatus(replicas=0))
    """How many pods there are."""
