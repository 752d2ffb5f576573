"""StatefulSets: pods of a template that have a name and a place of their own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.conditions import WorkloadCondition
from edgeorch.api.core.persistent_volume_claim import PersistentVolumeClaim
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

ORDERED_READY = "OrderedReady"
PARALLEL = "Parallel"

RETAIN = "Retain"
DELETE = "Delete"
"""What becomes of a claim whose pod is not wanted any more."""

POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"
"""Labels of the pods: which of the set it is."""


class RollingUpdateStatefulSetStrategy(Model):
    """How far a rolling update may go."""

    partition: Int32 | None = None
    """How many pods, counted from the first, keep the template they have; 0 by default."""
    maxUnavailable: IntOrString | None = None
    """How many pods may be unavailable, as a number or a percentage (rounded up); 1 by default. Of no use with
    ``OrderedReady``, which starts one pod at a time."""


class StatefulSetUpdateStrategy(Model):
    """How pods of a new template take the place of others."""

    type: str = ""
    """``RollingUpdate`` (the default): from the last pod to the first; or ``OnDelete``: when somebody deletes
    the old one."""
    rollingUpdate: RollingUpdateStatefulSetStrategy | None = None
    """Only with ``RollingUpdate``."""


class StatefulSetPersistentVolumeClaimRetentionPolicy(Model):
    """What becomes of claims made from ``volumeClaimTemplates``."""

    whenDeleted: str = ""
    """When the StatefulSet is deleted: ``Retain`` (the default) or ``Delete``."""
    whenScaled: str = ""
    """When the pod is one too many: ``Retain`` (the default) or ``Delete``."""


class StatefulSetOrdinals(Model):
    """How pods are numbered."""

    start: Int32 = 0
    """Number of the first pod."""


class StatefulSetSpec(Model):
    """What a StatefulSet is to be."""

    replicas: Int32 | None = None
    """Pods wanted; 1 by default."""
    selector: Required[LabelSelector | None] = None
    """Which pods belong to it; must match the template's labels and cannot change."""
    template: Required[PodTemplateSpec] = Field(default_factory=PodTemplateSpec)
    """What pods are made from; a change of it is rolled out."""
    volumeClaimTemplates: list[PersistentVolumeClaim] = Field(default_factory=list)
    """Claims that every pod gets one of each of, called TEMPLATE-SET-NUMBER, and keeps; they stand in for
    volumes of the same name. Cannot change."""
    serviceName: str = ""
    """The headless Service that gives the pods their names in the DNS; cannot change."""
    podManagementPolicy: str = ""
    """``OrderedReady`` (the default): one pod after the other, in order of their numbers; or ``Parallel``: all
    at once. Cannot change."""
    updateStrategy: StatefulSetUpdateStrategy = Field(default_factory=StatefulSetUpdateStrategy)
    """How pods of a new template take the place of others."""
    revisionHistoryLimit: Int32 | None = None
    """Old templates that are kept to go back to; 10 by default."""
    minReadySeconds: Int32 = 0
    """Seconds a new pod must be ready without a break until it counts as available."""
    persistentVolumeClaimRetentionPolicy: StatefulSetPersistentVolumeClaimRetentionPolicy | None = None
    """What becomes of the claims of pods that are not wanted any more; they stay by default."""
    ordinals: StatefulSetOrdinals | None = None
    """How pods are numbered; from 0 by default."""


class StatefulSetCondition(WorkloadCondition):
    """One aspect of a StatefulSet's state."""


class StatefulSetStatus(Model):
    """How far a StatefulSet has come."""

    observedGeneration: Int64 = 0
    """The ``metadata.generation`` that this status is about."""
    replicas: Int32
    """Pods that there are."""
    readyReplicas: Int32 = 0
    """Those among them that are ready."""
    currentReplicas: Int32 = 0
    """Those that were made from ``currentRevision``."""
    updatedReplicas: Int32 = 0
    """Those that were made from ``updateRevision``."""
    currentRevision: str = ""
    """Name of the ControllerRevision with the template that the last complete rollout brought."""
    updateRevision: str = ""
    """Name of the ControllerRevision with the present template."""
    collisionCount: Int32 | None = None
    """How often the name for a new ControllerRevision was taken; goes into the next name."""
    conditions: Annotated[list[StatefulSetCondition], MergeKey("type"), ListKeys(("type",))] = Field(
        default_factory=list
    )
    """What is the matter with it."""
    availableReplicas: Int32 = 0
    """Pods that have been ready for ``minReadySeconds``."""


class StatefulSet(Object):
    """Keeps so many pods of a template running, each with a name and claims that outlive it."""

    spec: StatefulSetSpec = Field(default_factory=StatefulSetSpec)
    """What it is to be."""
    status: StatefulSetStatus = Field(default_factory=lambda: StatefulSetStatus(replicas=0))
    """How far it has come."""
