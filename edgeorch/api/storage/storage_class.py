"""Storage classes: kinds of storage that claims can ask for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.meta import Model, Object, Required, Unsupported

NOT_PROVISIONED = "volumes are not provisioned yet: claims of this class stay Pending"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
BETA_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class"
"""Annotations of the class that claims get which name none."""


class TopologySelectorLabelRequirement(Model):
    """One label that a place must have."""

    key: str
    """The label's key."""
    values: list[str]
    """The values it may have."""


class TopologySelectorTerm(Model):
    """Places where volumes may be: all labels must fit."""

    atomic = True

    matchLabelExpressions: list[TopologySelectorLabelRequirement] = Field(default_factory=list)
    """The labels."""


class StorageClass(Object):
    """A kind of storage, and who makes volumes of it."""

    provisioner: Required[Annotated[str, Unsupported(NOT_PROVISIONED)]] = ""
    """Who makes the volumes; cannot change."""
    parameters: dict[str, str] = Field(default_factory=dict)
    """Settings for the provisioner; cannot change."""
    reclaimPolicy: str | None = None
    """What becomes of a volume whose claim is gone: ``Delete`` (the default) or ``Retain``."""
    mountOptions: list[str] = Field(default_factory=list)
    """Options that volumes are mounted with."""
    allowVolumeExpansion: bool | None = None
    """Whether claims may ask for more later."""
    volumeBindingMode: str | None = None
    """``Immediate`` (the default), or ``WaitForFirstConsumer``: when a pod that wants it is scheduled."""
    allowedTopologies: list[TopologySelectorTerm] = Field(default_factory=list)
    """Where volumes may be."""
