"""The garbage collector: deletes what has lost its owners, and carries out foreground and orphan deletion.

Kubernetes keeps a graph of all objects, filled by watches that lag behind, and needs virtual nodes for owners
it has not seen yet. Here the store itself knows at any moment who exists and who refers to whom, so that a look
at one object and its owners is enough, and always right.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from edgeorch.api.core.resources import EVENTS
from edgeorch.api.custom.kind import is_custom
from edgeorch.api.meta import DeleteOptions, Object, Preconditions
from edgeorch.api.resources import ResourceInfo, api_version
from edgeorch.errors import NotFound
from edgeorch_server.controllers.garbage.owners import Family, ObjectKey, deletion
from edgeorch_server.controllers.garbage.plan import KEEP, Bond, Collect, Cut, Verdict, blocked, judge
from edgeorch_server.controllers.news import Note, Told
from edgeorch_server.controllers.runner import DONE, Result, work_off
from edgeorch_server.registry.base import Objects, PatchType, WriteOptions
from edgeorch_server.registry.deletion import FOREGROUND, ORPHAN
from edgeorch_server.registry.follow import each_kind, follow_entries
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.store.base import Entry, Event, EventType, Owner
from edgeorch_server.workqueue import WorkQueue

logger = logging.getLogger(__name__)

NAME = "garbage-collector-controller"
"""The component that its events come from."""

WORKERS = 20
"""Deletions under way at once (``--concurrent-gc-syncs``); writes that wait together share a disk sync."""

_REMEMBERED = 500
"""Owners that are known to have gone."""


class GarbageCollector:
    """Reconciles one object of any kind."""

    def __init__(self, objects: Objects, recorder: EventRecorder) -> None:
        self._objects = objects
        self._recorder = recorder
        self._family = Family(objects)
        self._told = Told()
        self._gone: OrderedDict[str, ResourceInfo[Any]] = OrderedDict()
        """Owners that were seen to go, by uid, and their kind: no need to look for them elsewhere."""

    def concerned(self, resource: ResourceInfo[Any], event: Event) -> Iterator[ObjectKey]:
        """Name the objects that a change gives reason to look at; most changes concern nobody."""
        entry, previous = event.entry, event.previous
        if event.type is EventType.DELETED:
            self._remember(resource, entry.uid)
            self._told.forget(ObjectKey(resource.key, entry.namespace, entry.name))
            yield from self._dependents(entry)
            yield from self._waiting(entry, entry.owners)
            return
        moved = previous is None or previous.owners != entry.owners
        now = deletion(entry)
        begins = now.pending and (previous is None or deletion(previous) != now)
        if begins or (moved and entry.owners):
            yield ObjectKey(resource.key, entry.namespace, entry.name)
        if previous is not None and moved:
            yield from self._waiting(entry, previous.owners)
        if begins and now.waits:
            yield from self._dependents(entry)
            yield from self._waiting(entry, entry.owners)

    def everything(self) -> Iterator[ObjectKey]:
        """Name all objects that there can be something to do about."""
        return self._family.all_concerned()

    def _remember(self, resource: ResourceInfo[Any], uid: str) -> None:
        self._gone[uid] = resource
        if len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)

    def _dependents(self, entry: Entry) -> Iterator[ObjectKey]:
        for info, dependent in self._family.dependents(entry.uid):
            yield ObjectKey(info.key, dependent.namespace, dependent.name)

    def _waiting(self, entry: Entry, owners: Iterable[Owner]) -> Iterator[ObjectKey]:
        """Name those of an object's owners that have waited for it."""
        for owner in owners:
            if owner.blocks and self._family.bond(entry, owner) is Bond.WAITING:
                key = self._family.owner_key(entry, owner)
                assert key is not None, "who waits was found"
                yield key

    async def reconcile(self, key: ObjectKey) -> Result:
        """Do what is due about one object; between reading and writing it nothing else happens."""
        entry = self._family.find(key)
        if entry is None:
            return DONE
        resource = self._family.resource(key.resource)
        state = deletion(entry)
        if state.orphans:
            await self._orphan(resource, entry)
        elif state.waits:
            if not blocked(entry.uid, self._family.blockers):
                await self._take_finalizer(resource, entry, FOREGROUND)
        elif not state.marked and entry.owners:
            await self._judge(resource, entry)
        return DONE

    async def _judge(self, resource: ResourceInfo[Any], entry: Entry) -> None:
        bonds = self._family.bonds(entry)
        bonds |= {
            owner.uid: Bond.GONE
            for owner in entry.owners
            if bonds[owner.uid] is Bond.UNKNOWN and self._went_with_its_kind(entry, owner)
        }
        verdict: Verdict = KEEP
        if set(bonds.values()) != {Bond.SOLID}:
            meta = Object.from_json(entry.data).metadata
            has_dependents = bool(self._family.dependents(entry.uid))
            verdict = judge(bonds, meta.finalizers, has_dependents=has_dependents)
        notes = [_misplaced_note(entry, owner) for owner in self._misplaced(entry, bonds)]
        match verdict:
            case Cut(owners):
                await self._cut(resource, entry, owners)
            case Collect(policy):
                logger.debug("collecting %s %s/%s", resource.plural, entry.namespace, entry.name)
                await self._delete(resource, entry, policy)
        for note in self._told.news(ObjectKey(resource.key, entry.namespace, entry.name), notes):
            await self._recorder.event(Object.from_json(entry.data), note.type, note.reason, note.message)

    def _went_with_its_kind(self, entry: Entry, owner: Owner) -> bool:
        """Whether an owner of a custom kind was seen to go, and the kind is not served any more."""
        info = self._gone.get(owner.uid)
        if info is None or not is_custom(info) or (info.namespaced and not entry.namespace):
            return False
        versions = {api_version(info.group, version) for version in (info.version, *info.other_versions)}
        return owner.kind == info.kind and owner.api_version in versions

    def _misplaced(self, entry: Entry, bonds: Mapping[str, Bond]) -> list[Owner]:
        """Give the owners that exist, but where this object must not refer to them."""
        return [
            owner
            for owner in entry.owners
            if bonds[owner.uid] in {Bond.GONE, Bond.UNKNOWN}
            and owner.uid not in self._gone
            and self._family.elsewhere(entry, owner)
        ]

    async def _orphan(self, resource: ResourceInfo[Any], entry: Entry) -> None:
        """Set the dependents free, then let the owner go."""
        while dependents := self._family.dependents(entry.uid):
            free = (self._cut(info, dependent, frozenset({entry.uid})) for info, dependent in dependents)
            for done in await asyncio.gather(*free, return_exceptions=True):
                if isinstance(done, BaseException) and not isinstance(done, NotFound):
                    raise done
        await self._take_finalizer(resource, entry, ORPHAN)

    async def _cut(self, resource: ResourceInfo[Any], entry: Entry, owners: frozenset[str]) -> None:
        """Take owner references off an object."""
        meta = Object.from_json(entry.data).metadata
        kept = [reference.to_dict() for reference in meta.ownerReferences if reference.uid not in owners]
        await self._patch(resource, entry, {"ownerReferences": kept})

    async def _take_finalizer(self, resource: ResourceInfo[Any], entry: Entry, finalizer: str) -> None:
        meta = Object.from_json(entry.data).metadata
        await self._patch(
            resource, entry, {"finalizers": [name for name in meta.finalizers if name != finalizer]}
        )

    async def _patch(self, resource: ResourceInfo[Any], entry: Entry, change: Mapping[str, Any]) -> None:
        """Change metadata of this very version."""
        patch = {"metadata": {**change, "uid": entry.uid, "resourceVersion": str(entry.revision)}}
        await self._objects.patch_entry(
            resource, entry.namespace, entry.name, PatchType.MERGE, patch, WriteOptions()
        )

    async def _delete(self, resource: ResourceInfo[Any], entry: Entry, policy: str) -> None:
        """Delete this very version: one that has got another owner meanwhile must stay."""
        options = DeleteOptions(
            propagationPolicy=policy,
            preconditions=Preconditions(uid=entry.uid, resourceVersion=str(entry.revision)),
        )
        await self._objects.delete_entry(resource, entry.namespace, entry.name, options, WriteOptions())


def _misplaced_note(entry: Entry, owner: Owner) -> Note:
    where, kind = entry.namespace, f"{owner.api_version}/{owner.kind}"
    return Note(
        "Warning",
        "OwnerRefInvalidNamespace",
        f"ownerRef [{kind}, namespace: {where}, name: {owner.name}, uid: {owner.uid}] "
        f'does not exist in namespace "{where}"',
    )


_SWEEP = ObjectKey("", "", "")
"""Names no object: all of them are to be looked at."""


async def run_garbage_collector(collector: GarbageCollector, objects: Objects) -> None:
    """Run for ever: follow every kind that can own or be owned, and work off what its news concern.

    At the start, and after a gap in the news of any kind, everything is looked at once: an owner may have gone
    unseen.
    """
    queue: WorkQueue[ObjectKey] = WorkQueue()

    async def follow(resource: ResourceInfo[Any]) -> None:
        async for news in follow_entries(objects, resource):
            for key in collector.concerned(resource, news) if isinstance(news, Event) else (_SWEEP,):
                queue.add(key)

    async def reconcile(key: ObjectKey) -> Result:
        if key != _SWEEP:
            return await collector.reconcile(key)
        for found in collector.everything():
            queue.add(found)
        return DONE

    try:
        async with asyncio.TaskGroup() as group:
            every = each_kind(objects.table, lambda info: info.key != EVENTS.key, follow, NAME)
            group.create_task(every, name=f"{NAME}-kinds")
            for number in range(WORKERS):
                group.create_task(work_off(NAME, queue, reconcile), name=f"{NAME}-{number}")
    finally:
        queue.close()
