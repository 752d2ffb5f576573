"""What a subresource is to the write path.

A *part* is a view of the object that an update writes through: the object itself, its status, a namespace's
finalizers; some have a *form* of their own on the wire. An *action* is something done by POSTing another kind
of body: binding a pod, evicting it. All are registered by name in
:mod:`edgeorch_server.registry.subresources.table`; which kind has which is the resource table's word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.validation import FieldError
from edgeorch_server.registry.base import WriteOptions
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.store.base import Durability

if TYPE_CHECKING:
    from edgeorch_server.registry.kinds import Kind
    from edgeorch_server.registry.writes import Writes

ObjectT = TypeVar("ObjectT", bound=Object)


class Part(Protocol):
    """Which part of an object an update writes."""

    @property
    def name(self) -> str:
        """The subresource; empty for the object itself."""
        ...

    def prepare(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> None:
        """Put everything else back to what is stored."""
        ...

    def validate(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> list[FieldError]:
        """Check the change."""
        ...

    def durability(self, strategy: Strategy[ObjectT], new: ObjectT, old: ObjectT) -> Durability:
        """Say how the change is stored."""
        ...


class Form(Protocol):
    """How a part goes over the wire when it does so as an object of another kind (a Scale)."""

    @property
    def resource(self) -> ResourceInfo[Object]:
        """The other kind."""
        ...

    def show(self, obj: Object) -> Object:
        """Give the part of an object, in its form."""
        ...

    def merge(self, given: Object, obj: ObjectT) -> ObjectT:
        """Give a copy of the object with the part as it is given; raises Invalid."""
        ...

    def configuration(self, resource: ResourceInfo[Object], given: Any, name: str) -> dict[str, Any]:
        """Give what applying this means for the object itself; raises BadRequest."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """What an action came to."""

    answer: Mapping[str, Any]
    """The body of the reply."""
    revision: int
    """What must be committed before the reply is sent."""


class Action(Protocol):
    """Something that is done to an object by POSTing to a subresource."""

    def run(
        self,
        writes: Writes,
        kind: Kind[Any],
        namespace: str,
        name: str,
        given: Any,
        options: WriteOptions,
    ) -> Done:
        """Do it; raises any :class:`edgeorch.errors.ApiError`.

        ``given`` is what was posted, of the subresource's model.
        """
        ...


def success() -> dict[str, Any]:
    """Build the Status that a successful POST to a subresource answers with."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
