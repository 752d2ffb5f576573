"""Eviction: deleting a pod within what its disruption budgets allow."""

from __future__ import annotations

from edgeorch.api.meta import DeleteOptions, Object


class Eviction(Object):
    """Asks for the pod of the same name to be deleted, if its budgets allow."""

    deleteOptions: DeleteOptions | None = None
    """How to delete the pod."""
