"""The registry's seams: how HTTP handlers, controllers, scheduler and fleet read and write objects.

Whatever is refused over HTTP is refused in process too: all go through the same write path.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from edgeorch.api.meta import DeleteOptions, Object

if TYPE_CHECKING:
    from edgeorch.api.core.pod import Pod
    from edgeorch.api.selectors import FieldSelector, Selector

    from edgeorch.api.resources import ResourceInfo
    from edgeorch_server.store.base import Watch

ObjectT = TypeVar("ObjectT", bound=Object)


@dataclass(frozen=True, slots=True)
class User:
    """Who asks: from a client certificate, a token, or one of our own components."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""


SYSTEM = User("system:apiserver", ("system:masters",))


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What a write request says besides its object."""

    user: User = SYSTEM
    dry_run: bool = False
    field_manager: str = ""
    field_validation: str = "Warn"
    """``Strict``, ``Warn`` or ``Ignore``."""
    warnings: list[str] = field(default_factory=list)
    """The write path appends what the client should be told in ``Warning`` headers."""


class Reader(Protocol):
    """Typed reads. All raise :class:`edgeorch.errors.NotFound` with Kubernetes' message."""

    def get(self, resource: ResourceInfo[ObjectT], namespace: str, name: str) -> ObjectT:
        """Read one object; a fresh copy that the caller may change."""
        ...

    def list(
        self,
        resource: ResourceInfo[ObjectT],
        namespace: str = "",
        *,
        labels: Selector | None = None,
        fields: FieldSelector | None = None,
    ) -> Sequence[ObjectT]:
        """Read all objects, of one namespace or (empty) of all, that match."""
        ...

    def watch(self, resource: ResourceInfo[Object], *, since: int | None = None) -> Watch:
        """Stream committed changes of a kind (see :class:`edgeorch_server.store.base.Store`)."""
        ...


class Writer(Protocol):
    """Typed writes; each returns once it is committed, and what was stored.

    ``update`` compares ``metadata.resourceVersion`` and raises :class:`edgeorch.errors.Conflict`; an empty
    one overwrites, as in Kubernetes.
    """

    async def create(self, resource: ResourceInfo[ObjectT], obj: ObjectT) -> ObjectT:
        """Create; raises AlreadyExists, Invalid, Forbidden."""
        ...

    async def update(self, resource: ResourceInfo[ObjectT], obj: ObjectT) -> ObjectT:
        """Replace everything but the status."""
        ...

    async def delete(
        self,
        resource: ResourceInfo[Object],
        namespace: str,
        name: str,
        options: DeleteOptions | None = None,
    ) -> None:
        """Delete, gracefully where the kind knows grace."""
        ...

    async def bind(self, pod: Pod, node: str) -> None:
        """Bind a pod to a node (the ``binding`` subresource); Conflict when it is bound already."""
        ...


class StatusWriter(Protocol):
    """Writes of the status subresource, soft in the store."""

    async def update_status(self, resource: ResourceInfo[ObjectT], obj: ObjectT) -> ObjectT:
        """Replace the status and nothing else."""
        ...


class Client(Reader, Writer, StatusWriter, Protocol):
    """All three, for components that need them."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """The query of ``pods/log`` (core/v1 PodLogOptions)."""

    container: str = ""
    follow: bool = False
    previous: bool = False
    since_seconds: int | None = None
    since_time: str = ""
    timestamps: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None


class NodeCalls(Protocol):
    """Requests to the agent of a node, implemented by the fleet and used by the API server."""

    def logs(self, pod: Pod, options: LogOptions) -> AsyncIterator[bytes]:
        """Stream a container's log.

        Errors come at the first step: :class:`edgeorch.errors.BadRequest` (the container is waiting),
        :class:`edgeorch.errors.ServiceUnavailable` (node not connected) or
        :class:`edgeorch.errors.GatewayTimeout`. Closing the iterator ends the stream on the node.
        """
        ...
