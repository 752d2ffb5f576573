"""Namespaces: rooms for names."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.meta import ListKeys, MergeKey, Model, Object, Required, Time


class NamespaceSpec(Model):
    """What a namespace is to be."""

    finalizers: list[str] = Field(default_factory=list)
    """Names that must be removed, through ``finalize``, before the namespace is gone; ``kubernetes`` stands
    for the emptying of it."""


class NamespaceCondition(Model):
    """One aspect of a namespace's state."""

    type: Required[str] = ""
    """``NamespaceContentRemaining`` and others, while it is emptied."""
    status: Required[str] = ""
    """``True``, ``False`` or ``Unknown``."""
    lastTransitionTime: Time | None = None
    """When ``status`` last changed."""
    reason: str = ""
    """One word for the last transition."""
    message: str = ""
    """The same for people."""


class NamespaceStatus(Model):
    """What is known of a namespace."""

    phase: str = ""
    """``Active`` or ``Terminating``."""
    conditions: Annotated[list[NamespaceCondition], MergeKey("type"), ListKeys(("type",))] = Field(
        default_factory=list
    )
    """Aspects of its state."""


class Namespace(Object):
    """A room for names; deleting it deletes everything in it."""

    spec: NamespaceSpec = Field(default_factory=NamespaceSpec)
    """What the namespace is to be."""
    status: NamespaceStatus = Field(default_factory=NamespaceStatus)
    """What is known of it."""
