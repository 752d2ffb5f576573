"""NodeMetrics and PodMetrics (metrics.k8s.io/v1beta1): measured when they are asked for, and stored nowhere."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.meta import Model, Object, Time
from edgeorch.api.quantity import Quantity


class NodeMetrics(Object):
    """What a node uses as a whole."""

    timestamp: Time | None = None
    """When it was measured, by the node's own clock."""
    window: str = ""
    """The time before that over which processor time was counted."""
    usage: dict[str, Quantity] = Field(default_factory=dict)
    """``cpu`` in processors, ``memory`` in bytes that are in use."""


class ContainerMetrics(Model):
    """What a container uses."""

    name: str = ""
    """The container's name in the pod's spec."""
    usage: dict[str, Quantity] = Field(default_factory=dict)
    """``cpu`` in processors, ``memory`` as the bytes of its working set."""


class PodMetrics(Object):
    """What the containers of a pod use."""

    timestamp: Time | None = None
    """When it was measured, by the clock of the pod's node."""
    window: str = ""
    """The time before that over which processor time was counted."""
    containers: list[ContainerMetrics] = Field(default_factory=list)
    """Each container that runs."""
