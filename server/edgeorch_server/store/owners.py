"""The owners of an object that is read back from a disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgeorch_server.store.base import Owner


def read_owners(meta: Mapping[str, Any]) -> tuple[Owner, ...]:
    """Read ``ownerReferences`` of an object's decoded metadata."""
    return tuple(
        Owner(
            uid=reference["uid"],
            api_version=reference["apiVersion"],
            kind=reference["kind"],
            name=reference["name"],
            controller=bool(reference.get("controller")),
            blocks=bool(reference.get("blockOwnerDeletion")),
        )
        for reference in meta.get("ownerReferences", ())
    )
