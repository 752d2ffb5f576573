"""The registry's seams: how HTTP handlers, controllers, scheduler and fleet read and write objects.

Whatever is refused over HTTP is refused in process too: all go through the same write path.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from edgeorch.api.meta import DeleteOptions, Object

if TYPE_CHECKING:
    from edgeorch.api.core.pod import Pod
    from edgeorch.api.resources import ResourceInfo, ResourceTable
    from edgeorch.api.selectors import FieldSelector, Selector
    from edgeorch_server.store.base import Entry, Watch

ObjectT = TypeVar("ObjectT", bound=Object)


@dataclass(frozen=True, slots=True)
class User:
    """Who asks: from a client certificate, a token, or one of our own components."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """What else is known of them, such as the pod that a token was made for."""


SYSTEM = User("system:apiserver", ("system:masters",))


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What a write request says besides its object."""

    user: User = SYSTEM
    dry_run: bool = False
    field_manager: str = ""
    """Who writes, for ``metadata.managedFields``; empty is one of our own components."""
    force: bool = False
    """An Apply takes over what others own."""
    field_validation: str = "Warn"
    """``Strict``, ``Warn`` or ``Ignore``."""
    body_problems: list[str] = field(default_factory=list)
    """What decoding the body found (duplicate fields, in Kubernetes' words): the write path refuses it or
    warns of it, as ``field_validation`` says, together with the unknown fields."""
    warnings: list[str] = field(default_factory=list)
    """The write path appends what the client should be told in ``Warning`` headers."""
    audit: dict[str, str] = field(default_factory=dict)
    """Annotations for the audit log: what admission webhooks noted."""


@dataclass(frozen=True, slots=True)
class ListOptions:
    """The query of a list (meta/v1 ListOptions), parsed."""

    namespace: str = ""
    """Empty lists all namespaces."""
    labels: Selector | None = None
    fields: FieldSelector | None = None
    limit: int = 0
    """0 is no limit."""
    continue_: str = ""
    resource_version: str = ""
    resource_version_match: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    entries: Sequence[Entry]
    revision: int
    """What the list's ``metadata.resourceVersion`` says."""
    continue_: str = ""
    remaining: int | None = None


class Entries(Protocol):
    """Reads of objects as they are stored: nothing is parsed. All errors are Kubernetes'."""

    def check_reached(self, resource_version: str) -> None:
        """Refuse a version that is not there yet: a read is never older than the version it names."""
        ...

    def get_entry(self, resource: ResourceInfo[Object], namespace: str, name: str) -> Entry:
        """GET one."""
        ...

    def list_entries(self, resource: ResourceInfo[Object], options: ListOptions) -> Page:
        """GET a list."""
        ...

    def owned_entries(self, resource: ResourceInfo[Object], owner: str) -> Sequence[Entry]:
        """Read the objects of a kind that have an owner reference to this uid, as they are stored."""
        ...

    def orphan_entries(self, resource: ResourceInfo[Object], namespace: str) -> Sequence[Entry]:
        """Read the objects of a kind in a namespace that no controller manages, as they are stored."""
        ...

    def dependents(self, owner: str) -> Sequence[tuple[ResourceInfo[Object], Entry]]:
        """Read whatever has an owner reference to this uid."""
        ...

    def watch_entries(
        self, resource: ResourceInfo[Object], namespace: str, *, since: int | None = None
    ) -> Watch:
        """Watch; selectors, bookmarks and time-outs are the HTTP side's business."""
        ...

    @property
    def revision(self) -> int:
        """Newest committed revision, for bookmarks."""
        ...


class Reader(Entries, Protocol):
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

    def owned(self, resource: ResourceInfo[ObjectT], owner: str) -> Sequence[ObjectT]:
        """Read the objects of a kind that have an owner reference to this uid."""
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


class LogStream(Protocol):
    """A log as it comes; an async generator is one."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None:
        """End the stream, on the node too."""
        ...


@dataclass(frozen=True, slots=True)
class ContainerStats:
    """What something uses."""

    cpu_nanocores: int
    """Billionths of a processor."""
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class NodeStats:
    """What a node and its pods use."""

    measured: dt.datetime
    """When, by the node's own clock."""
    window: dt.timedelta
    """The time before that over which processor time was counted."""
    total: ContainerStats
    """The node as a whole."""
    pods: Mapping[str, Mapping[str, ContainerStats]]
    """Pod's uid -> container's name -> what it uses. A pod that could not be measured is not in it."""


class NodeMeters(Protocol):
    """What nodes use, asked of their agents."""

    async def stats(self, node: str) -> NodeStats:
        """Let a node measure what it and its pods use, which may take it a second.

        Raises :class:`edgeorch.errors.ServiceUnavailable` (not connected),
        :class:`edgeorch.errors.GatewayTimeout`, or what the agent refused with.
        """
        ...


class NodeLogs(Protocol):
    """Logs of containers, asked of the agents."""

    def logs(self, pod: Pod, options: LogOptions) -> LogStream:
        """Stream a container's log.

        Errors come at the first step: :class:`edgeorch.errors.BadRequest` (the container is waiting),
        :class:`edgeorch.errors.ServiceUnavailable` (node not connected) or
        :class:`edgeorch.errors.GatewayTimeout`. Closing the iterator ends the stream on the node.
        """
        ...


class NodeCalls(NodeMeters, NodeLogs, Protocol):
    """All requests to the agent of a node, implemented by the fleet."""


class Computed(Protocol):
    """Objects of one kind that are made when they are asked for, and stored nowhere."""

    async def get_entry(self, namespace: str, name: str) -> Entry:
        """GET one; raises NotFound."""
        ...

    async def list_entries(self, options: ListOptions) -> Page:
        """GET a list."""
        ...


class PatchType(enum.StrEnum):
    """The Content-Types of PATCH that we serve."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"
    """Server-side apply: not a change but a configuration."""


@dataclass(frozen=True, slots=True)
class Written:
    """Result of a write."""

    entry: Entry
    created: bool = False
    """The object did not exist before: 201, else 200."""
    deleted: bool = False
    """After a delete: the object is gone (not merely marked by grace period or finalizer)."""


class Objects(Entries, Protocol):
    """What HTTP handlers call: untyped bodies in, encoded entries out; committed when it returns.

    ``body`` is decoded JSON. ``subresource`` is empty, ``status``, or another one: it takes the parent's body,
    or (``scale``) one of another kind, and the entry that is answered is then of that kind. All errors are
    :class:`edgeorch.errors.ApiError` with Kubernetes' messages.
    """

    @property
    def table(self) -> ResourceTable:
        """What is served."""
        ...

    def get_part(self, resource: ResourceInfo[Object], namespace: str, name: str, subresource: str) -> Entry:
        """GET a subresource: the object itself, or (``scale``) what it looks like as another kind."""
        ...

    async def create_entry(
        self, resource: ResourceInfo[Object], namespace: str, body: dict[str, Any], options: WriteOptions
    ) -> Written:
        """POST to the collection."""
        ...

    async def update_entry(
        self,
        resource: ResourceInfo[Object],
        namespace: str,
        name: str,
        body: dict[str, Any],
        options: WriteOptions,
        subresource: str = "",
    ) -> Written:
        """PUT."""
        ...

    async def patch_entry(
        self,
        resource: ResourceInfo[Object],
        namespace: str,
        name: str,
        patch_type: PatchType,
        patch: Any,
        options: WriteOptions,
        subresource: str = "",
    ) -> Written:
        """PATCH; retries by itself when the object changes meanwhile and the patch names no version.

        Apply creates what is not there.
        """
        ...

    async def delete_entry(
        self,
        resource: ResourceInfo[Object],
        namespace: str,
        name: str,
        delete: DeleteOptions,
        options: WriteOptions,
    ) -> Written:
        """DELETE one."""
        ...

    async def delete_collection(
        self,
        resource: ResourceInfo[Object],
        select: ListOptions,
        delete: DeleteOptions,
        options: WriteOptions,
    ) -> Page:
        """DELETE the collection: everything that matches; answers what was deleted."""
        ...

    async def post_subresource(
        self,
        resource: ResourceInfo[Object],
        namespace: str,
        name: str,
        subresource: str,
        body: dict[str, Any],
        options: WriteOptions,
    ) -> Mapping[str, Any]:
        """POST ``binding`` or ``eviction``; the answer's body (a Status)."""
        ...


@dataclass(frozen=True, slots=True)
class Liveness:
    """What the fleet knows of one node's connection right now. Times are ``loop.time()`` seconds."""

    online: bool
    """Its agent's MQTT connection is up (presence), as far as the broker knows."""
    session: str
    last_seen: float
    """When the last heartbeat or presence of this session arrived."""


class NodeLiveness(Protocol):
    """The fleet's view of who is connected, for the node lifecycle controller and the Lease projection."""

    def of(self, node: str) -> Liveness | None:
        """Look up a node; None when it has not been heard of since the server started."""
        ...

    def changes(self) -> AsyncIterator[str]:
        """Stream the names of nodes that came online, went offline or started a new session."""
        ...
