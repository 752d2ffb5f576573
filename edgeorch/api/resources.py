"""The resource table: one entry per kind drives routes, discovery, store keys, topics and tests.

Each API group lists its entries in its own ``resources`` module (``edgeorch.api.core.resources.PODS``);
``edgeorch.api.table`` puts them together for the server. A new kind is one model, one entry and, where it
does something, one controller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Generic, TypeVar

from edgeorch.api.meta import Object

ObjectT_co = TypeVar("ObjectT_co", bound=Object, covariant=True)

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


def api_version(group: str, version: str) -> str:
    """Write ``apiVersion``: ``v1`` for core, else ``group/version``."""
    return f"{group}/{version}" if group else version


@dataclass(frozen=True, slots=True)
class Subresource:
    """What hangs below an object: ``status``, ``log``, ``binding``, ``eviction``...

    Discovery needs the foreign kind where the body is not the parent's own (an ``Eviction`` of policy/v1).
    """

    name: str
    verbs: tuple[str, ...]
    kind: str = ""
    group: str = ""
    version: str = ""
    model: type[Object] | None = None
    """What its body is, where that is not the parent's own kind."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a version of a kind that is served and not stored is made of the one that is, and back."""

    stored: ResourceInfo[Any]
    """The version that is stored."""
    to_stored: Callable[[Any], Object]
    """Makes an object of the stored version from one of this; the argument is not changed."""
    from_stored: Callable[[Any], Object]
    """The other way round."""


@dataclass(frozen=True, slots=True)
class ResourceInfo(Generic[ObjectT_co]):
    """One kind as served; ``group`` is empty for core."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    model: type[ObjectT_co]
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    field_labels: Mapping[str, str] = field(default_factory=dict)
    """Selectable fields beyond ``metadata.name`` and ``metadata.namespace``: selector label -> dotted path
    into the object. :class:`edgeorch.api.fields.FieldReader` reads them."""
    conversion: Conversion | None = None
    """Set for a version that is served beside the one that is stored."""
    read: Callable[[bytes], bytes] | None = None
    """Makes what is shown of what is stored, where that is not the same."""
    other_versions: tuple[str, ...] = ()
    """Versions of the group in which the same objects are served too, for who refers to an object by those."""

    @property
    def api_version(self) -> str:
        """``v1`` for core, else ``group/version``."""
        return api_version(self.group, self.version)

    @property
    def group_resource(self) -> str:
        """The name in error messages: ``pods``, ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def key(self) -> str:
        """Name of the store's table and of the topic level: :attr:`group_resource` of what is stored."""
        return self.conversion.stored.key if self.conversion else self.group_resource

    def shown(self, stored: bytes) -> bytes:
        """Give an object as this version shows it, from what is stored of it."""
        if self.read is not None:
            return self.read(stored)
        if self.conversion is None:
            return stored
        conversion = self.conversion
        return conversion.from_stored(conversion.stored.model.from_json(stored)).to_json()

    def subresource(self, name: str) -> Subresource | None:
        """Find a subresource by name."""
        return next((s for s in self.subresources if s.name == name), None)


class ResourceTable:
    """All served kinds, looked up by group, version and plural."""

    def __init__(self, entries: Iterable[ResourceInfo[Object]]) -> None:
        self._fill(entries)

    def _fill(self, entries: Iterable[ResourceInfo[Object]]) -> None:
        """Hold these and no others; raises ValueError, and changes nothing, where a path is taken."""
        by_path: dict[tuple[str, str, str], ResourceInfo[Object]] = {}
        by_kind: dict[tuple[str, str], ResourceInfo[Object]] = {}
        by_key: dict[str, ResourceInfo[Object]] = {}
        for entry in entries:
            path = (entry.group, entry.version, entry.plural)
            if path in by_path:
                raise ValueError(f"resource {path} stands in the table twice")
            by_path[path] = entry
            for version in (entry.version, *entry.other_versions):
                by_kind.setdefault((api_version(entry.group, version), entry.kind), entry)
            by_key.setdefault(entry.key, entry)
        self._by_path, self._by_kind, self._by_key = by_path, by_kind, by_key

    def __iter__(self) -> Iterator[ResourceInfo[Object]]:
        return iter(tuple(self._by_path.values()))

    def __len__(self) -> int:
        return len(self._by_path)

    @property
    def revision(self) -> int:
        """Counts the changes of the table: what was derived from it at another revision is out of date."""
        return 0

    def subscribe(self, changed: Callable[[], None]) -> AbstractContextManager[None]:  # noqa: ARG002 - never
        """Have ``changed`` called after every change, within the context; this table has none."""
        return nullcontext()

    def find(self, group: str, version: str, plural: str) -> ResourceInfo[Object] | None:
        """Find the entry that serves this path, if any."""
        return self._by_path.get((group, version, plural))

    def by_kind(self, api_version: str, kind: str) -> ResourceInfo[Object] | None:
        """Find the entry of an ``apiVersion`` and ``kind``, if any."""
        return self._by_kind.get((api_version, kind))

    def by_key(self, key: str) -> ResourceInfo[Object] | None:
        """Find the entry with this :attr:`ResourceInfo.key`, if any."""
        return self._by_key.get(key)

    def group_versions(self) -> list[tuple[str, str]]:
        """All (group, version) pairs, core first, in table order."""
        pairs = dict.fromkeys((e.group, e.version) for e in self)
        return sorted(pairs, key=lambda pair: pair[0] != "")


class LiveTable(ResourceTable):
    """A table to which kinds are added, and taken from, while it is in use: custom resources.

    What it starts with stays as it is. Whoever keeps something that follows from the table compares
    :attr:`revision`, or subscribes.
    """

    def __init__(self, fixed: Iterable[ResourceInfo[Object]]) -> None:
        self._fixed = tuple(fixed)
        self._added: dict[str, tuple[ResourceInfo[Object], ...]] = {}
        self._revision = 0
        self._subscribers: dict[object, Callable[[], None]] = {}
        super().__init__(self._fixed)

    @property
    def fixed(self) -> Sequence[ResourceInfo[Object]]:
        """What stands in the table for good."""
        return self._fixed

    @property
    def revision(self) -> int:
        """Counts the changes."""
        return self._revision

    @contextmanager
    def subscribe(self, changed: Callable[[], None]) -> Iterator[None]:
        """Have ``changed`` called after every change, within the context. It must not change the table."""
        token = object()
        self._subscribers[token] = changed
        try:
            yield
        finally:
            del self._subscribers[token]

    def put(self, name: str, entries: Iterable[ResourceInfo[Object]]) -> None:
        """Add entries under a name, in place of those that stood under it; none takes the name out.

        Raises ValueError, and changes nothing, when a path is taken.
        """
        wanted = tuple(entries)
        if wanted == self._added.get(name, ()):
            return
        added = {key: kept for key, kept in self._added.items() if key != name}
        if wanted:
            added[name] = wanted
        self._fill(chain(self._fixed, *added.values()))
        self._added = added
        self._revision += 1
        for changed in tuple(self._subscribers.values()):
            changed()
