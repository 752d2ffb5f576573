"""LimitRange: what one container or pod of a namespace may ask for, and what it gets if it does not say."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.core.requirements import ResourceList
from edgeorch.api.meta import Model, Object, Required

CONTAINER = "Container"
POD = "Pod"
CLAIM = "PersistentVolumeClaim"


class LimitRangeItem(Model):
    """Bounds and defaults for one type of thing."""

    type: str
    """``Container``, ``Pod`` or ``PersistentVolumeClaim``."""
    max: ResourceList = Field(default_factory=dict)
    """The highest limit of each resource."""
    min: ResourceList = Field(default_factory=dict)
    """The lowest request of each resource."""
    default: ResourceList = Field(default_factory=dict)
    """Limit of a container that states none."""
    defaultRequest: ResourceList = Field(default_factory=dict)
    """Request of a container that states none."""
    maxLimitRequestRatio: ResourceList = Field(default_factory=dict)
    """How many times its request a limit may be."""


class LimitRangeSpec(Model):
    """All bounds and defaults."""

    limits: Required[list[LimitRangeItem]] = Field(default_factory=list)
    """One entry per type."""


class LimitRange(Object):
    """Bounds and defaults for the resources of single containers and pods."""

    spec: LimitRangeSpec = Field(default_factory=LimitRangeSpec)
    """The bounds and defaults."""
