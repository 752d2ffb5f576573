"""Deployments: pods of a template, and how one template takes the place of another."""

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
    Time,
)

RECREATE = "Recreate"
ROLLING_UPDATE = "RollingUpdate"

NO_DEADLINE = 2**31 - 1
"""``progressDeadlineSeconds`` of a Deployment that may take for ever."""


class RollingUpdateDeployment(Model):
    """How far a rolling update may go at a time."""

    maxUnavailable: IntOrString | None = None
    """How many of the pods wanted may be unavailable, as a number or a percentage (rounded down); 25% by
    default."""
    maxSurge: IntOrString | None = None
    """How many pods there may be above those wanted, as a number or a percentage (rounded up); 25% by
    default."""


class DeploymentStrategy(Model):
    """How pods of a new template take the place of others."""

    type: str = ""
    """``RollingUpdate`` (the default), or ``Recreate``: the old ones end before the new ones start."""
    rollingUpdate: RollingUpdateDeployment | None = None
    """Only with ``RollingUpdate``."""


class DeploymentSpec(Model):
    """What a Deployment is to be."""

    replicas: Int32 | None = None
    """Pods wanted; 1 by default."""
    selector: Required[LabelSelector | None] = None
    """Which ReplicaSets and pods belong to it; must match the template's labels and cannot change."""
    template: Required[PodTemplateSpec] = Field(default_factory=PodTemplateSpec)
    """What pods are made from; a change of it is rolled out."""
    strategy: Annotated[DeploymentStrategy, MergeKey("", retain_keys=True)] = Field(
        default_factory=DeploymentStrategy
    )
    """How pods of a new template take the place of others."""
    minReadySeconds: Int32 = 0
    """Seconds a new pod must be ready without a break until it counts as available."""
    revisionHistoryLimit: Int32 | None = None
    """Old ReplicaSets that are kept to go back to; 10 by default."""
    paused: bool = False
    """Whether changes of the template are held back."""
    progressDeadlineSeconds: Int32 | None = None
    """Seconds without progress after which a rollout is said to have failed; 600 by default."""


class DeploymentCondition(WorkloadCondition):
    """One aspect of a Deployment's state."""

    lastUpdateTime: Time | None = None
    """When this condition was last updated."""


class DeploymentStatus(Model):
    """How far a Deployment has come."""

    observedGeneration: Int64 = 0
    """The ``metadata.generation`` that this status is about."""
    replicas: Int32 = 0
    """Pods of all templates that run or will run."""
    updatedReplicas: Int32 = 0
    """Those of the present template."""
    readyReplicas: Int32 = 0
    """Those that are ready."""
    availableReplicas: Int32 = 0
    """Those that have been ready for ``minReadySeconds``."""
    unavailableReplicas: Int32 = 0
    """How many are still missing until all that are wanted are available."""
    terminatingReplicas: Int32 | None = None
    """Pods besides those that are ending; not counted."""
    conditions: Annotated[list[DeploymentCondition], MergeKey("type"), ListKeys(("type",))] = Field(
        default_factory=list
    )
    """What is the matter with it: ``Available``, ``Progressing``, ``ReplicaFailure``, ``RolledBack``."""
    collisionCount: Int32 | None = None
    """How often the name for a new ReplicaSet was taken; goes into the next name."""


class Deployment(Object):
    """Keeps so many pods of a template running, and rolls changes of it out."""

    spec: DeploymentSpec = Field(default_factory=DeploymentSpec)
    """What it is to be."""
    status: DeploymentStatus = Field(default_factory=DeploymentStatus)
    """How far it has come."""
