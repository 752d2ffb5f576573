"""Whose is what: owner references, adoption and release (Kubernetes, "Owners and Dependents").

A controller manages what bears a controller reference to it. What matches its selector and has no controller it
adopts; what it manages and no longer matches it releases. A controller that is being deleted does neither.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgeorch.api.meta import Object, OwnerReference
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.selectors import Selector
from edgeorch.errors import Conflict, Invalid, NotFound
from edgeorch_server.registry.base import Entries, Objects, PatchType, WriteOptions
from edgeorch_server.registry.codec import is_marked
from edgeorch_server.store.base import Entry

logger = logging.getLogger(__name__)


def controller_reference(owner: Object) -> OwnerReference:
    """Point at the controller that makes an object (``metav1.NewControllerRef``)."""
    meta = owner.metadata
    return OwnerReference(
        apiVersion=owner.apiVersion,
        kind=owner.kind,
        name=meta.name,
        uid=meta.uid,
        controller=True,
        blockOwnerDeletion=True,
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """What a controller should do about who belongs to it."""

    adopt: Sequence[Entry] = ()
    release: Sequence[Entry] = ()


def claim(objects: Entries, resource: ResourceInfo[Any], owner: Object, selector: Selector) -> Claim:
    """Decide what ``owner`` adopts and releases of a kind in its namespace."""
    meta = owner.metadata
    if meta.deletionTimestamp or selector.empty:
        return Claim()
    orphans = objects.orphan_entries(resource, meta.namespace)
    return Claim(
        adopt=[e for e in orphans if selector.matches(e.labels) and not is_marked(e)],
        release=[
            e
            for e in objects.owned_entries(resource, meta.uid)
            if e.controller and e.controller.uid == meta.uid and not selector.matches(e.labels)
        ],
    )


class Adoption:
    """Carries a :class:`Claim` out."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def settle(self, resource: ResourceInfo[Any], owner: Object, selector: Selector) -> None:
        """Adopt and release what is to be; afterwards reads by owner are right.

        Who else adopted or deleted an object meanwhile is heard of through the watch.
        """
        decided = claim(self._objects, resource, owner, selector)
        reference = controller_reference(owner).to_dict()
        for entry in decided.adopt:
            await self._patch(resource, entry, [reference])
        for entry in decided.release:
            await self._patch(resource, entry, [{"$patch": "delete", "uid": owner.metadata.uid}])

    async def _patch(
        self, resource: ResourceInfo[Any], entry: Entry, references: Sequence[Mapping[str, Any]]
    ) -> None:
        # The uid makes sure that it is this very object; a second controller reference is Invalid.
        patch = {"metadata": {"uid": entry.uid, "ownerReferences": references}}
        try:
            await self._objects.patch_entry(
                resource, entry.namespace, entry.name, PatchType.STRATEGIC, patch, WriteOptions()
            )
        except (NotFound, Invalid, Conflict) as exc:
            logger.debug("%s %s/%s: %s", resource.plural, entry.namespace, entry.name, exc)
