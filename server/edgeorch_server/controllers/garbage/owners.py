"""Looks owners and dependents up, and says how far their deletion is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import NotFound
from edgeorch_server.controllers.garbage.plan import Blocker, Bond
from edgeorch_server.registry import messages
from edgeorch_server.registry.base import ListOptions, Objects
from edgeorch_server.registry.deletion import FOREGROUND, ORPHAN
from edgeorch_server.store.base import Entry, Owner

_MARK = b'"deletionTimestamp"'


@dataclass(frozen=True, slots=True)
class Deletion:
    """Whether an object is being deleted, and what the garbage collector has to do about it."""

    marked: bool = False
    waits: bool = False
    """In the foreground: it goes after the dependents that block it."""
    orphans: bool = False
    """Its dependents are to lose their reference to it."""

    @property
    def pending(self) -> bool:
        """The garbage collector has a finalizer of it to work on."""
        return self.waits or self.orphans


_ALIVE = Deletion()
_BEST_FIRST = (Bond.SOLID, Bond.UNKNOWN, Bond.WAITING, Bond.GONE)


def deletion(entry: Entry) -> Deletion:
    """Read how far an object's deletion is; nearly all objects are not parsed for that."""
    if _MARK not in entry.data:
        return _ALIVE
    meta: dict[str, Any] = orjson.loads(entry.data).get("metadata", {})
    finalizers = meta.get("finalizers", ())
    if not meta.get("deletionTimestamp"):
        return _ALIVE
    return Deletion(marked=True, waits=FOREGROUND in finalizers, orphans=ORPHAN in finalizers)


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """Names one object of any kind."""

    resource: str
    """Its :attr:`edgeorch.api.resources.ResourceInfo.key`."""
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.resource, self.namespace, self.name) if part)


class Family:
    """Reads of who belongs to whom, by references and by the store's index; nothing is written."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def resource(self, key: str) -> ResourceInfo[Any]:
        """Give the kind of a key; raises NotFound for one that is not served any more."""
        info = self._objects.table.by_key(key)
        if info is None:
            raise messages.not_served()
        return info

    def find(self, key: ObjectKey) -> Entry | None:
        """Look an object up."""
        try:
            return self._objects.get_entry(self.resource(key.resource), key.namespace, key.name)
        except NotFound:
            return None

    def _kind_of(self, owner: Owner) -> ResourceInfo[Any] | None:
        """Find the kind of an owner."""
        return self._objects.table.by_kind(owner.api_version, owner.kind)

    def owner_key(self, dependent: Entry, owner: Owner) -> ObjectKey | None:
        """Say where an owner would be: in the dependent's namespace, or in none; None for a kind not served."""
        info = self._kind_of(owner)
        if info is None:
            return None
        return ObjectKey(info.key, dependent.namespace if info.namespaced else "", owner.name)

    def bond(self, dependent: Entry, owner: Owner) -> Bond:
        """Say what one of an object's owner references is worth."""
        key, info = self.owner_key(dependent, owner), self._kind_of(owner)
        if key is None or info is None or (info.namespaced and not dependent.namespace):
            return Bond.UNKNOWN
        found = self.find(key)
        if found is None or found.uid != owner.uid:
            return Bond.GONE
        return Bond.WAITING if deletion(found).waits else Bond.SOLID

    def bonds(self, dependent: Entry) -> dict[str, Bond]:
        """Say what an object's owner references are worth, by uid; of several to one uid the best counts."""
        bonds: dict[str, Bond] = {}
        for owner in dependent.owners:
            known, bond = bonds.get(owner.uid, Bond.GONE), self.bond(dependent, owner)
            bonds[owner.uid] = min(known, bond, key=_BEST_FIRST.index)
        return bonds

    def elsewhere(self, dependent: Entry, owner: Owner) -> bool:
        """Whether the owner exists, but where the dependent must not refer to it. Looks at all of its kind."""
        info = self._kind_of(owner)
        if info is None or not info.namespaced:
            return False
        everywhere = self._objects.list_entries(info, ListOptions()).entries
        return any(entry.uid == owner.uid and entry.namespace != dependent.namespace for entry in everywhere)

    def dependents(self, uid: str) -> Sequence[tuple[ResourceInfo[Any], Entry]]:
        """Give what refers to this owner; the owner itself does not count."""
        return [(info, entry) for info, entry in self._objects.dependents(uid) if entry.uid != uid]

    def blockers(self, uid: str) -> Iterator[Blocker]:
        """Give the dependents that an owner in foreground deletion waits for.

        Those in namespaces where they must not refer to it do not count: they do not keep it from going.
        """
        for _, entry in self.dependents(uid):
            if any(o.uid == uid and o.blocks and self.bond(entry, o) is Bond.WAITING for o in entry.owners):
                yield Blocker(entry.uid, deletion(entry).waits)

    def all_concerned(self) -> Iterator[ObjectKey]:
        """Name every object that has an owner, or a deletion to be carried out: what to look at after a gap."""
        for info in self._objects.table:
            for entry in self._objects.list_entries(info, ListOptions()).entries:
                if entry.owners or deletion(entry).pending:
                    yield ObjectKey(info.key, entry.namespace, entry.name)
