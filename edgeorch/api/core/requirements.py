"""What containers and pods ask of a node: resource lists, requests and limits."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.meta import ListKeys, Model, Required, Unsupported
from edgeorch.api.quantity import Quantity

ResourceList = dict[str, Quantity]
"""Resource name (``cpu``, ``memory``, ``ephemeral-storage``, ``example.com/gpu``) to amount."""


class ResourceClaim(Model):
    """Points at one of the pod's ``resourceClaims``."""

    name: Required[str] = ""
    """Name of the entry in ``spec.resourceClaims``."""
    request: str = ""
    """Name of one request of that claim; empty makes all of it available."""


class ResourceRequirements(Model):
    """How much a container needs, and how much it may use."""

    limits: ResourceList = Field(default_factory=dict)
    """The most it may use; enforced with cgroups."""
    requests: ResourceList = Field(default_factory=dict)
    """What the scheduler reserves for it; where missing, the limit."""
    claims: Annotated[
        list[ResourceClaim], ListKeys(("name",)), Unsupported("dynamic resource allocation is not available")
    ] = Field(default_factory=list)
    """Claims of ``spec.resourceClaims`` this container uses."""


class ResourceFieldSelector(Model):
    """Picks a container's request or limit (downward API)."""

    atomic = True

    containerName: str = ""
    """The container; required in volumes, the container itself in ``env``."""
    resource: Required[str] = ""
    """``limits.cpu``, ``requests.memory`` and so on."""
    divisor: Quantity | None = None
    """Unit the amount is given in; ``1`` when absent."""
