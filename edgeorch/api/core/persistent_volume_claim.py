"""PersistentVolumeClaims: what a pod wants to keep, asked for by size and kind."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.conditions import WorkloadCondition
from edgeorch.api.core.references import TypedLocalObjectReference, TypedObjectReference
from edgeorch.api.core.requirements import ResourceList
from edgeorch.api.meta import (
    LabelSelector,
    ListKeys,
    MergeKey,
    Model,
    Object,
    ObjectMeta,
    Required,
    Time,
    Unsupported,
)

NOT_BOUND = "claims are not bound to volumes yet: they stay Pending, and so do the pods that use them"
"""What a writer is told of everything that waits for a volume."""

PENDING = "Pending"
"""Phase of a claim that no volume is bound to."""
BOUND = "Bound"
LOST = "Lost"

STORAGE = "storage"
"""The resource that a claim asks for."""

BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
"""Annotation that named the storage class before there was a field for it; it still counts."""


class VolumeResourceRequirements(Model):
    """How large a volume is to be."""

    limits: ResourceList = Field(default_factory=dict)
    """The most it may be."""
    requests: ResourceList = Field(default_factory=dict)
    """The least it must be; key ``storage``."""


class PersistentVolumeClaimSpec(Model):
    """What a claim asks for."""

    accessModes: list[str] = Field(default_factory=list)
    """``ReadWriteOnce``, ``ReadOnlyMany``, ``ReadWriteMany``, ``ReadWriteOncePod``."""
    selector: LabelSelector | None = None
    """Which volumes may be bound."""
    resources: VolumeResourceRequirements = Field(default_factory=VolumeResourceRequirements)
    """The size."""
    volumeName: str = ""
    """The volume that is bound, or is to be."""
    storageClassName: str | None = None
    """The storage class; absent is the default one, ``""`` none at all."""
    volumeMode: str | None = None
    """``Filesystem`` (the default) or ``Block``."""
    dataSource: TypedLocalObjectReference | None = None
    """What to fill the volume with: a snapshot or another claim."""
    dataSourceRef: TypedObjectReference | None = None
    """The same for any kind, also in other namespaces."""
    volumeAttributesClassName: str | None = None
    """The volume attributes class."""


class PersistentVolumeClaimTemplate(Model):
    """The claim to make for a generic ephemeral volume."""

    metadata: ObjectMeta = Field(default_factory=ObjectMeta)
    """Labels and annotations of the claim."""
    spec: Required[PersistentVolumeClaimSpec] = Field(default_factory=PersistentVolumeClaimSpec)
    """What the claim asks for."""


class PersistentVolumeClaimCondition(WorkloadCondition):
    """One aspect of a claim's state."""

    lastProbeTime: Time | None = None
    """When it was last looked at."""


class ModifyVolumeStatus(Model):
    """How far a change of the volume attributes class has come."""

    targetVolumeAttributesClassName: str = ""
    """The class that the volume is to get."""
    status: str
    """``Pending``, ``InProgress`` or ``Infeasible``."""


class PersistentVolumeClaimStatus(Model):
    """What a claim has got."""

    phase: str = ""
    """``Pending``, ``Bound`` or ``Lost``."""
    accessModes: list[str] = Field(default_factory=list)
    """How the volume can be mounted."""
    capacity: ResourceList = Field(default_factory=dict)
    """How large the volume is."""
    conditions: Annotated[list[PersistentVolumeClaimCondition], MergeKey("type"), ListKeys(("type",))] = Field(
        default_factory=list
    )
    """What is the matter with it."""
    allocatedResources: ResourceList = Field(default_factory=dict)
    """How large the volume is going to be, while it grows."""
    allocatedResourceStatuses: dict[str, str] = Field(default_factory=dict)
    """How far its growing has come, by resource."""
    currentVolumeAttributesClassName: str | None = None
    """The volume attributes class that the volume has."""
    modifyVolumeStatus: ModifyVolumeStatus | None = None
    """How far a change of that class has come."""


class PersistentVolumeClaim(Object):
    """Asks for a volume that outlives the pods that use it."""

    spec: Annotated[PersistentVolumeClaimSpec, Unsupported(NOT_BOUND)] = Field(
        default_factory=PersistentVolumeClaimSpec
    )
    """What it asks for."""
    status: PersistentVolumeClaimStatus = Field(default_factory=PersistentVolumeClaimStatus)
    """What it has got."""
