"""Whose is what: owner references, adoption and release (Kubernetes, "Owners and Dependents").

A controller manages what bears a controller reference to it. What matches its selector and has no controller it
adopts; what it manages and no longer matches it releases. A controller that is being deleted does neither.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
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


def controls(owner: Object, dependent: Object) -> bool:
    """Whether an object manages another (``metav1.IsControlledBy``)."""
    uid = owner.metadata.uid
    return any(ref.controller and ref.uid == uid for ref in dependent.metadata.ownerReferences)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a controller should do about who belongs to it."""

    adopt: Sequence[Entry] = ()
    release: Sequence[Entry] = ()


def claim(
    objects: Entries,
    resource: ResourceInfo[Any],
    owner: Object,
    selector: Selector,
    belongs: Callable[[Entry], bool] | None = None,
) -> Claim:
    """Decide what ``owner`` adopts and releases of a kind in its namespace.

    ``belongs`` says what else must be true of an object besides its labels (its name, for a StatefulSet).
    """
    meta = owner.metadata
    if meta.deletionTimestamp or selector.empty:
        return Claim()

    def ours(entry: Entry) -> bool:
        return selector.matches(entry.labels) and (belongs is None or belongs(entry))

    orphans = objects.orphan_entries(resource, meta.namespace)
    return Claim(
        adopt=[e for e in orphans if ours(e) and not is_marked(e)],
        release=[
            e
            for e in objects.owned_entries(resource, meta.uid)
            if e.controller and e.controller.uid == meta.uid and not ours(e)
        ],
    )


class Adoption:
    """Carries a :class:`Claim` out."""

    def __init__(self, objects: Objects, finalizer: str = "") -> None:
        """Give everything that is adopted this finalizer as well, and take it off what is released."""
        self._objects = objects
        self._finalizer = finalizer

    async def settle(
        self,
        resource: ResourceInfo[Any],
        owner: Object,
        selector: Selector,
        belongs: Callable[[Entry], bool] | None = None,
    ) -> None:
        """Adopt and release what is to be; afterwards reads by owner are right.

        Who else adopted or deleted an object meanwhile is heard of through the watch.
        """
        decided = claim(self._objects, resource, owner, selector, belongs)
        reference = controller_reference(owner).to_dict()
        for entry in decided.adopt:
            await self._patch(resource, entry, [reference], {"finalizers": self._finalizers})
        for entry in decided.release:
            away = {"$deleteFromPrimitiveList/finalizers": self._finalizers}
            await self._patch(resource, entry, [{"$patch": "delete", "uid": owner.metadata.uid}], away)

    @property
    def _finalizers(self) -> list[str]:
        return [self._finalizer] if self._finalizer else []

    async def _patch(
        self,
        resource: ResourceInfo[Any],
        entry: Entry,
        references: Sequence[Mapping[str, Any]],
        finalizers: Mapping[str, Sequence[str]],
    ) -> None:
        # The uid makes sure that it is this very object; a second controller reference is Invalid.
        metadata: dict[str, Any] = {"uid": entry.uid, "ownerReferences": references}
        if self._finalizer:
            metadata |= finalizers
        patch = {"metadata": metadata}
        try:
            await self._objects.patch_entry(
                resource, entry.namespace, entry.name, PatchType.STRATEGIC, patch, WriteOptions()
            )
        except (NotFound, Invalid, Conflict) as exc:
            logger.debug("%s %s/%s: %s", resource.plural, entry.namespace, entry.name, exc)
