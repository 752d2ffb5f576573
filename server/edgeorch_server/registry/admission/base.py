"""Admission: what is refused or added with an eye on other objects, once the object itself is complete.

Follows ``k8s.io/apiserver/pkg/admission`` with its compiled-in plugins; one class per plugin.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
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
    warnings: list[str] = field(default_factory=list)
    """Plugins append what the client should be told although the write is admitted."""

    def forbidden(self, why: str, *causes: Cause) -> Forbidden:
        """Build the refusal; an object without a name yet is called by its ``generateName``."""
        name = self.name or (self.obj.metadata.generateName if self.obj else "") or "Unknown"
        return messages.forbidden(self.resource, name, why, causes=causes)


class Lookup(Protocol):
    """How plugins read other objects."""

    def find(self, resource: ResourceInfo[ObjectT], namespace: str, name: str) -> ObjectT | None:
        """Read one object; None when there is none."""
        ...

    def find_entry(self, resource: ResourceInfo[Object], namespace: str, name: str) -> Entry | None:
        """Read one object as it is stored, which tells its labels without parsing it."""
        ...

    def list(self, resource: ResourceInfo[ObjectT], namespace: str) -> Sequence[ObjectT]:
        """Read the objects of a kind in a namespace; what cannot be read is left out."""
        ...

    def entries(self, resource: ResourceInfo[Object], namespace: str | None) -> Sequence[Entry]:
        """Read the same as they are stored; None is all namespaces."""
        ...


class Plugin(Protocol):
    """One admission rule."""

    def admit(self, write: Attributes) -> None:
        """Complete ``write.obj``, or raise Forbidden, Invalid or NotFound."""
        ...


class Chain:
    """All plugins, in order: before webhooks may change an object, and after.

    ``guards`` and ``completing`` complete it, ``deciding`` have the last word on it. Webhooks take time, in
    which a namespace or a kind may have gone: the guards are asked again then.
    """

    def __init__(
        self,
        guards: Sequence[Plugin] = (),
        completing: Sequence[Plugin] = (),
        deciding: Sequence[Plugin] = (),
    ) -> None:
        self._guards = tuple(guards)
        self._completing = (*guards, *completing)
        self._deciding = tuple(deciding)

    def complete(self, write: Attributes) -> None:
        """Ask those that complete an object; the first refusal stands. Twice does no more than once."""
        for plugin in self._completing:
            plugin.admit(write)

    def guard(self, write: Attributes) -> None:
        """Ask those whose word does not outlast a moment of waiting."""
        for plugin in self._guards:
            plugin.admit(write)

    def decide(self, write: Attributes) -> None:
        """Ask those that have the last word; nothing may be waited for between this and the storing."""
        for plugin in self._deciding:
            plugin.admit(write)
