"""Admission: what is refused or added with an eye on other objects, once the object itself is complete.

Follows ``k8s.io/apiserver/pkg/admission`` with its compiled-in plugins; one class per plugin.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import Cause, Forbidden
from edgeorch_server.registry import messages
from edgeorch_server.registry.base import User
from edgeorch_server.store.base import Entry

ObjectT = TypeVar("ObjectT", bound=Object)


class Operation(enum.StrEnum):
    """What is being done, in Kubernetes' words."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Attributes:
    """A write, as the plugins see it. They may change ``obj``, never ``old``."""

    operation: Operation
    resource: ResourceInfo[Object]
    namespace: str
    name: str
    """Empty on a create whose name is still to be generated."""
    user: User
    obj: Object | None = None
    """The object as it is going to be stored; None on a delete."""
    old: Object | None = None
    """The stored object; None on a create."""
    subresource: str = ""
    dry_run: bool = False

    def forbidden(self, why: str, *causes: Cause) -> Forbidden:
        """Build the refusal; an object without a name yet is called by its ``generateName``."""
        name = self.name or (self.obj.metadata.generateName if self.obj else "") or "Unknown"
        return messages.forbidden(self.resource, name, why, causes=causes)


class Lookup(Protocol):
    """How plugins read other objects."""

    def find(self, resource: ResourceInfo[ObjectT], namespace: str, name: str) -> ObjectT | None:
        """Read one object; None when there is none."""
        ...

    def list(self, resource: ResourceInfo[ObjectT], namespace: str) -> Sequence[ObjectT]:
        """Read the objects of a kind in a namespace; what cannot be read is left out."""
        ...

    def entries(self, resource: ResourceInfo[Object], namespace: str) -> Sequence[Entry]:
        """Read the same as they are stored."""
        ...


class Plugin(Protocol):
    """One admission rule."""

    def admit(self, write: Attributes) -> None:
        """Complete ``write.obj``, or raise Forbidden or NotFound."""
        ...


class Chain:
    """All plugins, in order."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self._plugins = tuple(plugins)

    def admit(self, write: Attributes) -> None:
        """Ask every plugin; the first refusal stands."""
        for plugin in self._plugins:
            plugin.admit(write)
