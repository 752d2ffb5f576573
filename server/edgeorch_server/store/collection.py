"""All objects of one resource, in key order."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from edgeorch_server.store.base import Entry

Key = tuple[str, str]
"""(namespace, name)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The current version of an object, and the revision it was created under."""

    entry: Entry
    created: int


class Collection:
    """A dict for look-ups and a sorted list of its keys for lists.

    Inserting a key moves list memory (some 10 us at 20,000 objects), updating an object does not.
    """

    __slots__ = ("_keys", "_objects", "_orphans", "_owned")

    def __init__(self, objects: Iterable[Stored] = ()) -> None:
        self._objects: dict[Key, Stored] = {(o.entry.namespace, o.entry.name): o for o in objects}
        self._keys = sorted(self._objects)
        self._owned: dict[str, set[Key]] = {}
        """Keys by the uid of an owner: what a controller looks at again and again."""
        self._orphans: dict[str, set[Key]] = {}
        """Keys of what no controller manages, by namespace: what one may adopt."""
        for key, stored in self._objects.items():
            self._index(key, stored)

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, namespace: str, name: str) -> Stored | None:
        """Look one object up."""
        return self._objects.get((namespace, name))

    def put(self, stored: Stored) -> None:
        """Add or replace."""
        key = (stored.entry.namespace, stored.entry.name)
        old = self._objects.get(key)
        if old is None:
            insort(self._keys, key)
        self._objects[key] = stored
        if old is None or old.entry.owners != stored.entry.owners:
            if old:
                self._unindex(key, old)
            self._index(key, stored)

    def reindex(self, fields_of: Callable[[bytes], Mapping[str, str]]) -> None:
        """Read the selectable fields of all objects anew."""
        for key, stored in self._objects.items():
            entry = replace(stored.entry, fields=fields_of(stored.entry.data))
            self._objects[key] = replace(stored, entry=entry)

    def remove(self, namespace: str, name: str) -> None:
        """Remove an object that is there."""
        key = (namespace, name)
        self._unindex(key, self._objects.pop(key))
        del self._keys[bisect_left(self._keys, key)]

    def entries(self, namespace: str | None = None) -> list[Entry]:
        """Give the current versions of all objects, or of one namespace's, sorted by (namespace, name)."""
        keys = self._keys
        if namespace is not None:
            # No name sorts before "", no namespace lies between this one and this one with a NUL.
            start = bisect_left(keys, (namespace, ""))
            keys = keys[start : bisect_left(keys, (namespace + "\0", ""), start)]
        objects = self._objects
        return [objects[key].entry for key in keys]

    def owned(self, owner: str) -> list[Entry]:
        """Give the objects that belong to the owner with this uid, sorted by (namespace, name)."""
        return [self._objects[key].entry for key in sorted(self._owned.get(owner, ()))]

    def orphans(self, namespace: str) -> list[Entry]:
        """Give the objects of a namespace that no controller manages, sorted by name."""
        return [self._objects[key].entry for key in sorted(self._orphans.get(namespace, ()))]

    def _index(self, key: Key, stored: Stored) -> None:
        for owner in stored.entry.owners:
            self._owned.setdefault(owner.uid, set()).add(key)
        if stored.entry.controller is None:
            self._orphans.setdefault(key[0], set()).add(key)

    def _unindex(self, key: Key, stored: Stored) -> None:
        for owner in stored.entry.owners:
            _discard(self._owned, owner.uid, key)
        _discard(self._orphans, key[0], key)


def _discard(index: dict[str, set[Key]], value: str, key: Key) -> None:
    keys = index.get(value, set())
    keys.discard(key)
    if not keys:
        index.pop(value, None)
