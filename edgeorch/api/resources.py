"""The resource table: one entry per kind drives routes, discovery, store keys, topics and tests.

Each API group lists its entries in its own ``resources`` module (``edgeorch.api.core.resources.PODS``);
``edgeorch.api.table`` puts them together for the server. A new kind is one model, one entry and, where it
does something, one controller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from edgeorch.api.meta import Object

ObjectT_co = TypeVar("ObjectT_co", bound=Object, covariant=True)

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


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

    @property
    def api_version(self) -> str:
        """``v1`` for core, else ``group/version``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """The name in error messages: ``pods``, ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def key(self) -> str:
        """Name of the store's table and of the topic level: same text as :attr:`group_resource`."""
        return self.group_resource

    def subresource(self, name: str) -> Subresource | None:
        """Find a subresource by name."""
        return next((s for s in self.subresources if s.name == name), None)


class ResourceTable:
    """All served kinds, looked up by group, version and plural."""

    def __init__(self, entries: Iterable[ResourceInfo[Object]]) -> None:
        self._by_path: dict[tuple[str, str, str], ResourceInfo[Object]] = {}
        for entry in entries:
            path = (entry.group, entry.version, entry.plural)
            if path in self._by_path:
                raise ValueError(f"resource {path} stands in the table twice")
            self._by_path[path] = entry

    def __iter__(self) -> Iterator[ResourceInfo[Object]]:
        return iter(self._by_path.values())

    def __len__(self) -> int:
        return len(self._by_path)

    def find(self, group: str, version: str, plural: str) -> ResourceInfo[Object] | None:
        """Find the entry that serves this path, if any."""
        return self._by_path.get((group, version, plural))

    def by_kind(self, api_version: str, kind: str) -> ResourceInfo[Object] | None:
        """Find the entry of an ``apiVersion`` and ``kind``, if any."""
        return next((e for e in self if e.api_version == api_version and e.kind == kind), None)

    def by_key(self, key: str) -> ResourceInfo[Object] | None:
        """Find the entry with this :attr:`ResourceInfo.key`, if any."""
        return next((e for e in self if e.key == key), None)

    def group_versions(self) -> list[tuple[str, str]]:
        """All (group, version) pairs, core first, in table order."""
        pairs = dict.fromkeys((e.group, e.version) for e in self)
        return sorted(pairs, key=lambda pair: pair[0] != "")
