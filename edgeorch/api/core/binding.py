"""The binding of a pod to a node, as the scheduler posts it."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.core.references import ObjectReference
from edgeorch.api.meta import Object, Required


class Binding(Object):
    """Ties a pod to a node."""

    target: Required[ObjectReference] = Field(default_factory=ObjectReference)
    """The node."""
