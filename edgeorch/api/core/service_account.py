"""Service accounts: who a pod is to the API."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.core.references import LocalObjectReference, ObjectReference
from edgeorch.api.meta import ListKeys, MergeKey, Object


class ServiceAccount(Object):
    """An identity for pods."""

    secrets: Annotated[list[ObjectReference], MergeKey("name"), ListKeys(("name",))] = Field(
        default_factory=list
    )
    """Secrets its pods may use; deprecated."""
    imagePullSecrets: list[LocalObjectReference] = Field(default_factory=list)
    """Secrets with registry credentials, given to pods that name none."""
    automountServiceAccountToken: bool | None = None
    """Whether pods get a token unless they say otherwise."""
