"""Runtime classes: what else than the usual runtime may run a pod."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.core.requirements import ResourceList
from edgeorch.api.core.scheduling import Toleration
from edgeorch.api.meta import Atomic, Model, Object, Required, Unsupported

ONE_RUNTIME = "nodes run all pods with Podman's own runtime"


class Overhead(Model):
    """What running a pod costs beside its containers."""

    podFixed: ResourceList = Field(default_factory=dict)
    """Resources for each pod."""


class Scheduling(Model):
    """Which nodes can run pods of the class."""

    nodeSelector: Annotated[dict[str, str], Atomic()] = Field(default_factory=dict)
    """Labels that they have."""
    tolerations: list[Toleration] = Field(default_factory=list)
    """Taints of theirs that pods of the class put up with."""


class RuntimeClass(Object):
    """A runtime that pods can ask for by name."""

    handler: Required[Annotated[str, Unsupported(ONE_RUNTIME)]] = ""
    """What nodes call the runtime; cannot change."""
    overhead: Overhead | None = None
    """What it costs beside the containers."""
    scheduling: Scheduling | None = None
    """Which nodes have it."""
