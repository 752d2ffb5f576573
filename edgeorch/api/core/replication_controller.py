"""ReplicationControllers: what there was before ReplicaSets, and still does the same."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.conditions import WorkloadCondition
from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.meta import Atomic, Int32, Int64, ListKeys, MergeKey, Model, Object


class ReplicationControllerSpec(Model):
    """How many pods of what kind."""

    replicas: Int32 | None = None
    """Pods wanted; 1 by default."""
    minReadySeconds: Int32 = 0
    """Seconds a new pod must be ready without a break until it counts as available."""
    selector: Annotated[dict[str, str], Atomic()] = Field(default_factory=dict)
    """Labels of the pods that belong to it; those of the template by default."""
    template: PodTemplateSpec | None = None
    """What pods are made from."""


class ReplicationControllerCondition(WorkloadCondition):
    """One aspect of a ReplicationController's state."""


class ReplicationControllerStatus(Model):
    """How many pods there are."""

    replicas: Int32
    """Pods that run or will run."""
    fullyLabeledReplicas: Int32 = 0
    """Those among them that have all labels of the template."""
    readyReplicas: Int32 = 0
    """Those among them that are ready."""
    availableReplicas: Int32 = 0
    """Those among them that have been ready for ``minReadySeconds``."""
    observedGeneration: Int64 = 0
    """The ``metadata.generation`` that this status is about."""
    conditions: Annotated[list[ReplicationControllerCondition], MergeKey("type"), ListKeys(("type",))] = Field(
        default_factory=list
    )
    """What is the matter with it."""


class ReplicationController(Object):
    """Keeps so many pods of one template running; a ReplicaSet or Deployment can do that and more."""

    spec: ReplicationControllerSpec = Field(default_factory=ReplicationControllerSpec)
    """How many pods of what kind."""
    status: ReplicationControllerStatus = Field(default_factory=lambda: ReplicationControllerStatus(replicas=0))
    """How many pods there are."""
