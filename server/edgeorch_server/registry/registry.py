"""The registry: everything that reads or writes objects asks it.

It is one thing with two faces: :class:`~edgeorch_server.registry.base.Objects` for the HTTP handlers (bodies
in, bytes out) and :class:`~edgeorch_server.registry.base.Client` for what runs in the same process (typed).
Both go through the same reads and the same write path. Nothing here decides; it translates, and waits until
a write is committed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import DeleteOptions, Object
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch.api.selectors import FieldSelector, Selector
from edgeorch.errors import NotFound
from edgeorch_server.registry.admission.base import Chain, Lookup
from edgeorch_server.registry.admission.chain import default_chain
from edgeorch_server.registry.applying import Application
from edgeorch_server.registry.base import ListOptions, Page, PatchType, WriteOptions, Written
from edgeorch_server.registry.decoding import decode_body
from edgeorch_server.registry.gate import Gate, Nobody, Request, Webhooks
from edgeorch_server.registry.kinds import Kinds
from edgeorch_server.registry.names import NameGenerator, random_name
from edgeorch_server.registry.patching import Patch
from edgeorch_server.registry.reads import Reads
from edgeorch_server.registry.steps import Steps
from edgeorch_server.registry.strategies.base import Strategy
from edgeorch_server.registry.strategies.table import default_strategies
from edgeorch_server.registry.subresources.base import Done, Form
from edgeorch_server.registry.subresources.posting import decode_posted, reviewed
from edgeorch_server.registry.subresources.table import Subresources, default_subresources
from edgeorch_server.registry.writes import Result, Writes
from edgeorch_server.store.base import Entry, Store, Watch

ObjectT = TypeVar("ObjectT", bound=Object)

_BREATH = 100
"""Objects of a collection that are deleted before others get their turn."""


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _random_uid() -> str:
    return str(uuid.uuid4())


class Registry:
    """Implements ``Objects`` and ``Client`` on a store.

    What is special about kinds comes in from outside, by default all that edgeorch serves: ``strategies`` by
    resource key, ``subresources`` by name, ``admission`` and ``webhooks`` as functions of what they may
    look up.
    """

    def __init__(
        self,
        store: Store,
        table: ResourceTable,
        *,
        now: Callable[[], dt.datetime] = _utc_now,
        strategies: Mapping[str, Strategy[Any]] | None = None,
        subresources: Subresources | None = None,
        admission: Callable[[Lookup, ResourceTable, Callable[[], dt.datetime]], Chain] = default_chain,
        webhooks: Callable[[Lookup], Webhooks] = lambda _objects: Nobody(),
        new_uid: Callable[[], str] = _random_uid,
        new_name: NameGenerator = random_name,
    ) -> None:
        self._store = store
        self._table = table
        self._kinds = Kinds(table, default_strategies() if strategies is None else strategies)
        self._reads = Reads(store, self._kinds)
        self._subresources = subresources or default_subresources()
        chain = admission(self._reads, table, now)
        self._writes = Writes(store, chain, now=now, new_uid=new_uid, new_name=new_name)
        self._gate = Gate(webhooks(self._reads))

    @property
    def table(self) -> ResourceTable:
        """What is served."""
        return self._table

    @property
    def revision(self) -> int:
        """Newest committed revision."""
        return self._store.committed_revision

    # Objects: for HTTP handlers

    def check_reached(self, resource_version: str) -> None:
        """Refuse a version that is not there yet; raises BadRequest and GatewayTimeout."""
        self._reads.check_reached(resource_version)

    def get_entry(self, resource: ResourceInfo[Object], namespace: str, name: str) -> Entry:
        """Read one object as it is stored; raises NotFound."""
        return self._reads.get(resource, namespace, name)

    def get_part(self, resource: ResourceInfo[Object], namespace: str, name: str, subresource: str) -> Entry:
        """Read what a subresource shows of an object; raises NotFound."""
        self._subresources.part(resource, subresource)
        entry = self._reads.get(resource, namespace, name)
        form = self._subresources.forms.get(subresource)
        return _in_form(form, entry, self._kinds.of(resource).codec.decode(entry)) if form else entry

    def list_entries(self, resource: ResourceInfo[Object], options: ListOptions) -> Page:
        """Read one page of a list; raises BadRequest, Expired and GatewayTimeout."""
        return self._reads.page(resource, options)

    def owned_entries(self, resource: ResourceInfo[Object], owner: str) -> Sequence[Entry]:
        """Read the objects of a kind that have an owner reference to this uid."""
        return self._store.owned(resource.key, owner)

    def orphan_entries(self, resource: ResourceInfo[Object], namespace: str) -> Sequence[Entry]:
        """Read the objects of a kind in a namespace that no controller manages."""
        return self._store.orphans(resource.key, namespace)

    def dependents(self, owner: str) -> Sequence[tuple[ResourceInfo[Object], Entry]]:
        """Read whatever has an owner reference to this uid."""
        return [
            (resource, entry)
            for key, entry in self._store.dependents(owner)
            if (resource := self._table.by_key(key)) is not None
        ]

    def watch_entries(
        self, resource: ResourceInfo[Object], namespace: str, *, since: int | None = None
    ) -> Watch:
        """Stream committed changes, of one namespace or of all; raises Expired."""
        return self._store.watch(resource.key, namespace or None, since=since)

    async def create_entry(
        self, resource: ResourceInfo[Object], namespace: str, body: dict[str, Any], options: WriteOptions
    ) -> Written:
        """Create from a body."""
        kind = self._kinds.of(resource)

        def begin() -> Steps[Result[Object]]:
            obj = _for_store(resource, decode_body(resource, body, options))
            return self._writes.create(kind, namespace, obj, options)

        return await self._committed((await self._gate.run(Request(resource, options), begin)).written)

    async def update_entry(
        self,
        resource: ResourceInfo[Object],
        namespace: str,
        name: str,
        body: dict[str, Any],
        options: WriteOptions,
        subresource: str = "",
    ) -> Written:
        """Replace an object, or what a subresource writes of it."""
        kind = self._kinds.of(resource)
        part = self._subresources.part(resource, subresource)
        form = self._subresources.forms.get(subresource)

        def begin() -> Steps[Result[Object]]:
            if form:
                given = decode_body(form.resource, body, options)
                return self._writes.update(
                    kind, namespace, name, part, lambda _entry, old: form.merge(given, old), options
                )
            stored = self._store.get(resource.key, namespace, name)
            shown = resource.shown(stored.data) if stored else None
            obj = _for_store(resource, decode_body(resource, body, options, stored=shown))
            if stored is None and kind.strategy.create_on_update and not subresource:
                return self._writes.create_named(kind, namespace, name, obj, options)
            return self._writes.update(kind, namespace, name, part, lambda _entry, _old: obj, options)

        result = await self._gate.run(Request(resource, options, form), begin)
        return await (self._shown(form, result) if form else self._committed(result.written))

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
        """Patch an object, or what a subresource writes of it."""
        if patch_type is PatchType.APPLY:
            return await self._apply(resource, namespace, name, patch, options, subresource)
        kind = self._kinds.of(resource)
        part = self._subresources.part(resource, subresource)
        form = self._subresources.forms.get(subresource)
        change = Patch(form.resource.model if form else resource.model, patch_type, patch, options)

        def patched(entry: Entry, old: Object) -> Object:
            if form:
                return form.merge(change.apply(form.show(old).to_json()), old)
            return _for_store(resource, change.apply(resource.shown(entry.data)))

        result = await self._gate.run(
            Request(resource, options, form),
            lambda: self._writes.update(kind, namespace, name, part, patched, options),
            again=lambda: not change.names_version,
        )
        return await (self._shown(form, result) if form else self._committed(result.written))

    async def _apply(
        self,
        resource: ResourceInfo[Object],
        namespace: str,
        name: str,
        given: Any,
        options: WriteOptions,
        subresource: str,
    ) -> Written:
        """Apply a configuration; what is not there yet is created."""
        kind = self._kinds.of(resource)
        part = self._subresources.part(resource, subresource)
        form = self._subresources.forms.get(subresource)
        if form:
            given = form.configuration(resource, given, name)
        application = Application(resource, subresource, given, options, self._writes.now)

        def applied(entry: Entry, old: Object) -> Object:
            return _for_store(resource, application.apply(entry, old))

        # whether they may create it was asked by what is there now, not by what is there after webhooks
        there = bool(subresource or self._store.get(resource.key, namespace, name))

        def begin() -> Steps[Result[Object]]:
            if there or self._store.get(resource.key, namespace, name):
                return self._writes.update(kind, namespace, name, part, applied, options, applied=True)
            new = _for_store(resource, application.create(name))
            return self._writes.create_named(kind, namespace, name, new, options, applied=True)

        result = await self._gate.run(Request(resource, options, form), begin)
        return await (self._shown(form, result) if form else self._committed(result.written))

    async def delete_entry(
        self,
        resource: ResourceInfo[Object],
        namespace: str,
        name: str,
        delete: DeleteOptions,
        options: WriteOptions,
    ) -> Written:
        """Delete an object, or mark it for deletion."""
        return await self._committed(await self._delete(resource, namespace, name, delete, options))

    async def _delete(
        self,
        resource: ResourceInfo[Object],
        namespace: str,
        name: str,
        delete: DeleteOptions,
        options: WriteOptions,
    ) -> Written:
        kind = self._kinds.of(resource)
        return await self._gate.run(
            Request(resource, options, delete=delete),
            lambda: self._writes.delete(kind, namespace, name, delete, options),
        )

    async def delete_collection(
        self,
        resource: ResourceInfo[Object],
        select: ListOptions,
        delete: DeleteOptions,
        options: WriteOptions,
    ) -> Page:
        """Delete everything that matches; answers the last states. What goes meanwhile is not missed."""
        page = self._reads.page(resource, select)
        deleted: list[Entry] = []
        for number, entry in enumerate(page.entries, 1):
            try:
                written = await self._delete(resource, entry.namespace, entry.name, delete, options)
            except NotFound:
                continue
            deleted.append(written.entry)
            if number % _BREATH == 0:
                await asyncio.sleep(0)
        await self._store.committed(max((entry.revision for entry in deleted), default=0))
        return replace(page, entries=deleted)

    async def post_subresource(
        self,
        resource: ResourceInfo[Object],
        namespace: str,
        name: str,
        subresource: str,
        body: dict[str, Any],
        options: WriteOptions,
    ) -> Mapping[str, Any]:
        """Do what POSTing to a subresource does: bind, evict."""
        action = self._subresources.action(resource, subresource)
        kind = self._kinds.of(resource)

        def begin() -> Steps[Done]:
            given = decode_posted(resource, subresource, body, options)
            given = yield from reviewed(resource, namespace, name, subresource, given, options)
            return action.run(self._writes, kind, namespace, name, given, options)

        done = await self._gate.run(Request(resource, options), begin)
        await self._store.committed(done.revision)
        return done.answer

    # Client: for what runs in this process

    def get(self, resource: ResourceInfo[ObjectT], namespace: str, name: str) -> ObjectT:
        """Read one object; raises NotFound, and InternalError when it cannot be read."""
        return self._kinds.of(resource).codec.decode(self._reads.get(resource, namespace, name))

    def list(
        self,
        resource: ResourceInfo[ObjectT],
        namespace: str = "",
        *,
        labels: Selector | None = None,
        fields: FieldSelector | None = None,
    ) -> Sequence[ObjectT]:
        """Read all objects that match; only those are parsed, and what cannot be read is left out."""
        options = ListOptions(namespace=namespace, labels=labels, fields=fields)
        entries = self._reads.page(resource, options).entries
        return list(self._reads.readable(self._kinds.of(resource), entries))

    def owned(self, resource: ResourceInfo[ObjectT], owner: str) -> Sequence[ObjectT]:
        """Read the objects of a kind that have an owner reference to this uid."""
        entries = self._store.owned(resource.key, owner)
        return list(self._reads.readable(self._kinds.of(resource), entries))

    def watch(self, resource: ResourceInfo[Object], *, since: int | None = None) -> Watch:
        """Stream committed changes of a kind."""
        return self._store.watch(resource.key, since=since)

    async def create(self, resource: ResourceInfo[ObjectT], obj: ObjectT) -> ObjectT:
        """Create; the argument is not changed."""
        kind, options = self._kinds.of(resource), WriteOptions()
        result = await self._gate.run(
            Request(resource, options),
            lambda: self._writes.create(kind, obj.metadata.namespace, kind.codec.copy(obj), options),
        )
        return await self._stored(result)

    async def update(self, resource: ResourceInfo[ObjectT], obj: ObjectT) -> ObjectT:
        """Replace everything but the status; the argument is not changed."""
        return await self._update(resource, obj, "", lambda _old, copy: copy)

    async def update_status(self, resource: ResourceInfo[ObjectT], obj: ObjectT) -> ObjectT:
        """Replace the status; of the metadata only uid and resourceVersion count, as preconditions."""
        return await self._update(resource, obj, "status", _with_status)

    async def _update(
        self,
        resource: ResourceInfo[ObjectT],
        obj: ObjectT,
        subresource: str,
        change: Callable[[ObjectT, ObjectT], ObjectT],
    ) -> ObjectT:
        kind, meta, options = self._kinds.of(resource), obj.metadata, WriteOptions()
        part = self._subresources.part(resource, subresource)

        def begin() -> Steps[Result[ObjectT]]:
            copy = kind.codec.copy(obj)
            return self._writes.update(
                kind, meta.namespace, meta.name, part, lambda _entry, old: change(old, copy), options
            )

        return await self._stored(await self._gate.run(Request(resource, options), begin))

    async def delete(
        self,
        resource: ResourceInfo[Object],
        namespace: str,
        name: str,
        options: DeleteOptions | None = None,
    ) -> None:
        """Delete, gracefully where the kind knows grace."""
        await self.delete_entry(resource, namespace, name, options or DeleteOptions(), WriteOptions())

    async def bind(self, pod: Pod, node: str) -> None:
        """Bind this very pod to a node; raises Conflict when it is bound, going, or another of that name."""
        meta = pod.metadata
        body = {
            "metadata": {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid},
            "target": {"kind": "Node", "name": node},
        }
        await self.post_subresource(PODS, meta.namespace, meta.name, "binding", body, WriteOptions())

    async def _shown(self, form: Form, result: Result[Object]) -> Written:
        written = await self._committed(result.written)
        return replace(written, entry=_in_form(form, written.entry, result.obj))

    async def _stored(self, result: Result[ObjectT]) -> ObjectT:
        await self._committed(result.written)
        return result.obj

    async def _committed(self, written: Written) -> Written:
        """Wait for the disk; also after a write that changed nothing, which may build on one that is not."""
        await self._store.committed(written.entry.revision)
        return written


def _for_store(resource: ResourceInfo[Object], obj: Object) -> Object:
    """Give an object in the version that is stored."""
    return resource.conversion.to_stored(obj) if resource.conversion else obj


def _in_form(form: Form, entry: Entry, obj: Object) -> Entry:
    return replace(entry, data=form.show(obj).to_json())


def _with_status(stored: ObjectT, given: ObjectT) -> ObjectT:
    """Take the stored object with another's status and preconditions."""
    meta = given.metadata
    preconditions = {"uid": meta.uid, "resourceVersion": meta.resourceVersion}
    parts: dict[str, Any] = {
        "metadata": stored.metadata.model_copy(update=preconditions),
        "status": getattr(given, "status", None),
    }
    return stored.model_copy(update=parts)
