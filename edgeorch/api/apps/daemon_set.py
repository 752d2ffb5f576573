"""DaemonSets: a pod on every node."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.conditions import WorkloadCondition
from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.meta import (
    Int32,
    Int64,
    IntOrString,
    LabelSelector,
    ListKeys,
    MergeKey,
    Model,
    Object,
    Required,
)

ON_DELETE = "OnDelete"


class RollingUpdateDaemonSet(Model):
    """How far a rolling update may go at a time; exactly one of the two is not 0."""

    maxUnavailable: IntOrString | None = None
    """On how many nodes the pod may be unavailable, as a number or a percentage (rounded up); 1 by default."""
    maxSurge: IntOrString | None = None
    """On how many nodes there may be a second pod, as a number or a percentage (rounded up); 0 by default."""


class DaemonSetUpdateStrategy(Model):
    """How pods of a new template take the place of others."""

    type: str = ""
    """``RollingUpdate`` (the default), or ``OnDelete``: when somebody deletes the old one."""
    rollingUpdate: RollingUpdateDaemonSet | None = None
    """Only with ``RollingUpdate``."""


class DaemonSetSpec(Model):
    """What runs on which nodes."""

    selector: Required[LabelSelector | None] = None
    """Which pods belong to it; must match the template's labels and cannot change."""
    template: Required[PodTemplateSpec] = Field(default_factory=PodTemplateSpec)
    """What pods are made from; its node selector and affinity say on which nodes."""
    updateStrategy: DaemonSetUpdateStrategy = Field(default_factory=DaemonSetUpdateStrategy)
    """How pods of a new template take the place of others."""
    minReadySeconds: Int32 = 0
    """Seconds a new pod must be ready without a break until it counts as available."""
    revisionHistoryLimit: Int32 | None = None
    """Old templates that are kept to go back to; 10 by default."""


class DaemonSetCondition(WorkloadCondition):
    """One aspect of a DaemonSet's state."""


class DaemonSetStatus(Model):
    """On how many nodes it runs."""

    currentNumberScheduled: Int32
    """Nodes that should have a pod, and have one."""
    numberMisscheduled: Int32
    """Nodes that should have none, and have one."""
    desiredNumberScheduled: Int32
    """Nodes that should have a pod."""
    numberReady: Int32
    """Nodes that should have a pod, and have one that is ready."""
    observedGeneration: Int64 = 0
    """The ``metadata.generation`` that this status is about."""
    updatedNumberScheduled: Int32 = 0
    """Nodes that should have a pod, and have one of the present template."""
    numberAvailable: Int32 = 0
    """Nodes that should have a pod, and have one that has been ready for ``minReadySeconds``."""
    numberUnavailable: Int32 = 0
    """Nodes that should have a pod, and have none that is available."""
    collisionCount: Int32 | None = None
    """How often the name for a new ControllerRevision was taken; goes into the next name."""
    conditions: Annotated[list[DaemonSetCondition], MergeKey("type"), ListKeys(("type",))] = Field(
        default_factory=list
    )
    """What is the matter with it."""


def no_pods_yet() -> DaemonSetStatus:
    """Give the status of a new DaemonSet."""
    return DaemonSetStatus(
        currentNumberScheduled=0, numberMisscheduled=0, desiredNumberScheduled=0, numberReady=0
    )


class DaemonSet(Object):
    """Keeps a pod of a template on every node that fits, also on those that come later."""

    spec: DaemonSetSpec = Field(default_factory=DaemonSetSpec)
    """What runs on which nodes."""
    status: DaemonSetStatus = Field(default_factory=no_pods_yet)
    """On how many nodes it runs."""
