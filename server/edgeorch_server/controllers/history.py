"""The history of templates, kept in ControllerRevisions (``pkg/controller/history``).

DaemonSets and StatefulSets have no ReplicaSets to remember templates by. Each template they had is kept as the
patch that brings it back, in the form that ``kubectl rollout undo`` sends to the server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson

from edgeorch.api.apps.controller_revision import ControllerRevision
from edgeorch.api.apps.daemon_set import DaemonSet
from edgeorch.api.apps.resources import CONTROLLER_REVISIONS
from edgeorch.api.apps.stateful_set import StatefulSet
from edgeorch.api.core.defaults import default_pod_template
from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.meta import DeleteOptions, Object, ObjectMeta, Preconditions
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.selectors import Selector
from edgeorch.errors import AlreadyExists
from edgeorch_server.controllers.ownership import Adoption, controller_reference, controls
from edgeorch_server.registry.base import Client, Objects

OwnerT = TypeVar("OwnerT", DaemonSet, StatefulSet)

_MAX_NAME = 253
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
"""Letters that make no words (``rand.SafeEncodeString``)."""


def safe_hash(data: bytes, collisions: int | None) -> str:
    """Make a short name of some bytes: letters and digits, at most ten (``ComputeHash``)."""
    if collisions is not None:
        data += collisions.to_bytes(8, "little")
    number = int.from_bytes(hashlib.blake2b(data, digest_size=4).digest())
    return "".join(_SAFE[ord(digit) % len(_SAFE)] for digit in str(number))


def canonical(template: PodTemplateSpec) -> bytes:
    """Write a template so that equal ones are equal."""
    return orjson.dumps(template.to_dict(), option=orjson.OPT_SORT_KEYS)


def with_defaults(template: PodTemplateSpec) -> PodTemplateSpec:
    """Copy a template and fill in what this version of edgeorch would."""
    copy = template.model_copy(deep=True)
    default_pod_template(copy)
    return copy


def patch_of(template: PodTemplateSpec) -> dict[str, Any]:
    """Make the strategic merge patch that brings a template back (``getPatch``)."""
    return {"spec": {"template": {**template.to_dict(), "$patch": "replace"}}}


def template_of(revision: ControllerRevision) -> PodTemplateSpec:
    """Read the template that a revision brings back."""
    return PodTemplateSpec.from_dict((revision.data or {}).get("spec", {}).get("template", {}))


@dataclass(frozen=True, slots=True)
class History:
    """All templates that a workload had."""

    current: ControllerRevision
    """The present one."""
    olds: Sequence[ControllerRevision]
    """The others, oldest first."""


class _Collision(Exception):
    """The name for a new revision is taken by something else: the next name must be another."""


class Histories(Generic[OwnerT]):
    """Keeps the revisions of one kind of workload."""

    def __init__(
        self, client: Client, objects: Objects, resource: ResourceInfo[OwnerT], hash_label: str
    ) -> None:
        self._client = client
        self._resource: ResourceInfo[OwnerT] = resource
        self._adoption = Adoption(objects)
        self._hash_label = hash_label

    async def sync(self, owner: OwnerT, selector: Selector) -> History | None:
        """Find or make the revision of the present template; it gets the highest number.

        None when its name was taken: the status then counts that, for another name the next time.
        """
        await self._adoption.settle(CONTROLLER_REVISIONS, owner, selector)
        try:
            return await self._synced(owner, owner.spec.template, owner.status.collisionCount)
        except _Collision:
            owner.status.collisionCount = (owner.status.collisionCount or 0) + 1
            await self._client.update_status(self._resource, owner)
            return None

    async def _synced(self, owner: Object, template: PodTemplateSpec, collisions: int | None) -> History:
        found = self._owned(owner)
        highest = max((revision.revision for revision in found), default=0)
        same = [revision for revision in found if template_of(revision) == template]
        if not same:
            # A version of edgeorch that knows more defaults must not start a rollout by filling them in.
            wanted = with_defaults(template)
            same = [revision for revision in found if with_defaults(template_of(revision)) == wanted]
        if not same:
            current = await self._make(owner, template, highest + 1, collisions)
        else:
            current = same[-1]
            if current.revision < highest:
                current.revision = highest + 1
                current = await self._client.update(CONTROLLER_REVISIONS, current)
        uid = current.metadata.uid
        return History(current, [revision for revision in found if revision.metadata.uid != uid])

    def _owned(self, owner: Object) -> list[ControllerRevision]:
        owned = self._client.owned(CONTROLLER_REVISIONS, owner.metadata.uid)
        found = [revision for revision in owned if controls(owner, revision)]
        return sorted(found, key=lambda r: (r.revision, r.metadata.creationTimestamp or "", r.metadata.name))

    async def _make(
        self, owner: Object, template: PodTemplateSpec, number: int, collisions: int | None
    ) -> ControllerRevision:
        meta, digest = owner.metadata, safe_hash(canonical(template), collisions)
        name = f"{meta.name[: _MAX_NAME - len(digest) - 1]}-{digest}"
        labels = {**template.metadata.labels, self._hash_label: digest}
        try:
            return await self._client.create(
                CONTROLLER_REVISIONS,
                ControllerRevision(
                    metadata=ObjectMeta(
                        name=name,
                        namespace=meta.namespace,
                        labels=labels,
                        annotations=_for_revision(meta.annotations),
                        ownerReferences=[controller_reference(owner)],
                    ),
                    data=patch_of(template),
                    revision=number,
                ),
            )
        except AlreadyExists as exc:
            raise _Collision(name) from exc

    async def note(self, revision: ControllerRevision, notes: Mapping[str, str | None]) -> None:
        """Write annotations onto a revision, in place too, unless it has them; None takes one off."""
        before = revision.metadata.annotations
        after = {key: value for key, value in {**before, **notes}.items() if value is not None}
        if after != before:
            revision.metadata.annotations = after
            revision.metadata = (await self._client.update(CONTROLLER_REVISIONS, revision)).metadata

    async def clean_up(self, history: History, live: Collection[str], limit: int | None) -> None:
        """Delete the oldest revisions that no pod is of and the limit has no room for (``cleanupHistory``)."""
        if limit is None:
            return
        idle = [old for old in history.olds if old.metadata.name not in live]
        for old in idle[: max(0, len(history.olds) - limit)]:
            options = DeleteOptions(preconditions=Preconditions(uid=old.metadata.uid))
            await self._client.delete(CONTROLLER_REVISIONS, old.metadata.namespace, old.metadata.name, options)


def _for_revision(annotations: Mapping[str, str]) -> dict[str, str]:
    """Choose what a revision says of its time: ``rollout history`` shows the change cause."""
    return {k: v for k, v in annotations.items() if k != "kubectl.kubernetes.io/last-applied-configuration"}
