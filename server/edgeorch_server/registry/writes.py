"""The one write path: whatever changes an object goes through here, from HTTP or from within.

Each write is a course of :mod:`~edgeorch_server.registry.steps` without an await between reading the stored
object and replacing it, so on one event loop it is atomic wherever no webhook is asked; where one was, the
revision that was read must still be the stored one. Waiting for the disk is the caller's last step. The order
is Kubernetes' (``registry.Store``): default, complete, ask webhooks that may change it, decide, prepare,
validate, ask webhooks that may refuse it, store.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, cast

from edgeorch.api.meta import DeleteOptions, Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import AlreadyExists, Conflict, InternalError, NotFound
from edgeorch_server.registry import deletion, field_managers, messages, object_meta
from edgeorch_server.registry.admission.base import Attributes, Chain, Operation
from edgeorch_server.registry.base import WriteOptions, Written
from edgeorch_server.registry.codec import is_marked, restamp
from edgeorch_server.registry.deletion import Fate
from edgeorch_server.registry.kinds import Kind
from edgeorch_server.registry.names import ATTEMPTS, NameGenerator
from edgeorch_server.registry.steps import Pause, Steps
from edgeorch_server.registry.subresources.base import Part
from edgeorch_server.store.base import Build, Durability, Entry, Store

ObjectT = TypeVar("ObjectT", bound=Object)


@dataclass(frozen=True, slots=True)
class Result(Generic[ObjectT]):
    """What a write came to, typed and encoded. ``obj`` is the caller's to keep."""

    obj: ObjectT
    written: Written


class Writes:
    """Creates, updates and deletes; everything synchronous up to the store."""

    def __init__(
        self,
        store: Store,
        admission: Chain,
        *,
        now: Callable[[], dt.datetime],
        new_uid: Callable[[], str],
        new_name: NameGenerator,
    ) -> None:
        self._store = store
        self._admission = admission
        self._now = now
        self._new_uid = new_uid
        self._new_name = new_name

    def create(
        self,
        kind: Kind[ObjectT],
        namespace: str,
        obj: ObjectT,
        options: WriteOptions,
        *,
        applied: bool = False,
    ) -> Steps[Result[ObjectT]]:
        """Create; raises AlreadyExists, BadRequest, Forbidden, Invalid, NotFound (the namespace).

        ``applied``: the object comes from an Apply and says itself who manages its fields.
        """
        resource = kind.resource
        _begin_create(kind, namespace, obj)
        if not applied:
            field_managers.track_create(resource, obj, options, self._now())
        managed = obj.metadata.managedFields

        def keep(changed: ObjectT) -> None:
            _begin_create(kind, namespace, changed)
            changed.metadata.managedFields = managed

        write = _attributes(kind, Operation.CREATE, options, obj=obj)
        obj = yield from self._complete(write, obj, keep)
        meta = obj.metadata
        self._admission.decide(replace(write, name=meta.name, obj=obj))
        generation = 1 if kind.strategy.counts_generations else 0
        object_meta.stamp(meta, uid=self._new_uid(), now=self._now(), generation=generation)
        if meta.name or not meta.generateName:
            return Result(obj, (yield from self._insert(kind, obj, options)))
        for _ in range(ATTEMPTS):
            meta.name = self._new_name(meta.generateName)
            try:
                return Result(obj, (yield from self._insert(kind, obj, options)))
            except AlreadyExists:
                continue
        raise messages.no_unique_name(resource, meta.name)

    def create_named(
        self,
        kind: Kind[ObjectT],
        namespace: str,
        name: str,
        obj: ObjectT,
        options: WriteOptions,
        *,
        applied: bool = False,
    ) -> Steps[Result[ObjectT]]:
        """Create under the name in the URL: an Apply, or a PUT for the kinds that allow it."""
        object_meta.match_url(obj.metadata, namespace, name)
        return (yield from self.create(kind, namespace, obj, options, applied=applied))

    def update(
        self,
        kind: Kind[ObjectT],
        namespace: str,
        name: str,
        part: Part,
        change: Callable[[Entry, ObjectT], ObjectT],
        options: WriteOptions,
        *,
        applied: bool = False,
    ) -> Steps[Result[ObjectT]]:
        """Replace ``part`` of an object by that part of what ``change`` makes of it, encoded and typed.

        ``applied`` as for :meth:`create`. Raises NotFound, BadRequest, Conflict, Forbidden and Invalid.
        """
        resource, strategy = kind.resource, kind.strategy
        entry = self.find(kind, namespace, name)
        old = self._load(kind, entry)
        new = change(entry, old)
        object_meta.match_url(new.metadata, namespace, name)
        object_meta.check_preconditions(
            resource, new.metadata, old.metadata, unconditional=strategy.unconditional_update
        )
        _begin_update(kind, new, old)
        if not applied:
            field_managers.track_update(resource, part.name, old, new, options, self._now())
        managed = new.metadata.managedFields

        def keep(changed: ObjectT) -> None:
            object_meta.match_url(changed.metadata, namespace, name)
            _begin_update(kind, changed, old)
            changed.metadata.managedFields = managed

        write = _attributes(kind, Operation.UPDATE, options, obj=new, old=old, subresource=part.name)
        new = yield from self._complete(write, new, keep)
        write = replace(write, obj=new)
        self._admission.decide(write)
        part.prepare(strategy, new, old)
        if errors := part.validate(strategy, new, old):
            raise messages.invalid(resource, name, errors)
        yield from self._confirm(write)
        durability = part.durability(strategy, new, old)
        if strategy.may_go(new):
            return Result(new, self._remove(kind, new, entry, options))
        return Result(new, Written(self._replace(kind, new, entry, durability, options)))

    def delete(
        self,
        kind: Kind[ObjectT],
        namespace: str,
        name: str,
        delete: DeleteOptions,
        options: WriteOptions,
        *,
        note: Callable[[ObjectT], None] | None = None,
    ) -> Steps[Written]:
        """Delete, or mark for deletion; raises NotFound, Conflict, Forbidden and Invalid.

        ``note`` writes on the object why it goes, in the same step.
        """
        options = replace(options, dry_run=options.dry_run or bool(delete.dryRun))
        resource = kind.resource
        entry = self.find(kind, namespace, name)
        write = Attributes(
            Operation.DELETE,
            resource,
            namespace,
            name,
            options.user,
            dry_run=options.dry_run,
            warnings=options.warnings,
        )
        self._admission.complete(write)
        self._admission.decide(write)
        if errors := deletion.validate_options(delete):
            raise messages.invalid_options("DeleteOptions", errors)
        try:
            obj = kind.codec.decode(entry)
        except InternalError:
            if delete.gracePeriodSeconds != 0:
                raise
            return self._discard(kind, entry, options)
        deletion.check_preconditions(resource, obj.metadata, delete)
        yield Pause(replace(write, old=obj), lambda _obj: None)
        yield Pause(replace(write, old=obj))
        if note:
            note(obj)
        if kind.strategy.delete(obj, delete, self._now()) is Fate.GONE:
            return self._remove(kind, obj, entry, options)
        return Written(self._replace(kind, obj, entry, Durability.DURABLE, options))

    def _load(self, kind: Kind[ObjectT], entry: Entry) -> ObjectT:
        """Read a stored object, with the defaults of this version of edgeorch."""
        obj = kind.codec.decode(entry)
        kind.strategy.default(obj)
        return obj

    def replace(
        self, kind: Kind[ObjectT], entry: Entry, obj: ObjectT, options: WriteOptions
    ) -> Result[ObjectT]:
        """Store a version of an object that a subresource made, which answers for its validity."""
        return Result(obj, Written(self._replace(kind, obj, entry, Durability.DURABLE, options)))

    def find(self, kind: Kind[ObjectT], namespace: str, name: str) -> Entry:
        """Look an object up; raises NotFound."""
        entry = self._store.get(kind.resource.key, namespace, name)
        if entry is None:
            raise messages.not_found(kind.resource, name)
        return entry

    def entries(self, resource: ResourceInfo[Object], namespace: str) -> Sequence[Entry]:
        """Read the objects of a kind in a namespace, as they are stored."""
        return self._store.list(resource.key, namespace)

    @property
    def now(self) -> dt.datetime:
        """The wall clock, for time stamps."""
        return self._now()

    def _complete(self, write: Attributes, obj: ObjectT, keep: Callable[[ObjectT], None]) -> Steps[ObjectT]:
        """Let plugins and webhooks complete an object; ``keep`` puts back what is not theirs to change."""

        def complete(changed: Object) -> None:
            mine = cast("ObjectT", changed)
            keep(mine)
            self._admission.complete(replace(write, name=mine.metadata.name, obj=mine))

        self._admission.complete(write)
        heard = yield Pause(write, complete)
        if heard is None:
            return obj
        self._admission.guard(write)
        return obj if heard.changed is None else cast("ObjectT", heard.changed)

    def _confirm(self, write: Attributes) -> Steps[None]:
        """Let webhooks refuse what is about to be stored; what was decided before them is asked again."""
        heard = yield Pause(write)
        if heard is not None:
            self._admission.guard(write)
            self._admission.decide(write)

    def _insert(self, kind: Kind[ObjectT], obj: ObjectT, options: WriteOptions) -> Steps[Written]:
        """Store a new object under the name it has now."""
        resource, meta = kind.resource, obj.metadata
        kind.strategy.prepare_create(obj)
        if errors := kind.strategy.validate(obj):
            raise messages.invalid(resource, meta.name, errors)
        there = self._store.get(resource.key, meta.namespace, meta.name)
        if there is not None:
            raise messages.already_exists(resource, meta.name, being_deleted=is_marked(there))
        yield from self._confirm(_attributes(kind, Operation.CREATE, options, obj=obj))
        if options.dry_run:
            return Written(kind.codec.preview(obj, 0), created=True)
        try:
            entry = self._store.put(
                resource.key,
                meta.namespace,
                meta.name,
                lambda revision: kind.codec.draft(obj, revision),
                expected=0,
                durability=kind.strategy.durability,
            )
        except AlreadyExists as exc:
            raise messages.already_exists(resource, meta.name) from exc
        return Written(entry, created=True)

    def _replace(
        self,
        kind: Kind[ObjectT],
        new: ObjectT,
        entry: Entry,
        durability: Durability,
        options: WriteOptions,
    ) -> Entry:
        """Store ``new`` unless it says the same as what is stored, which then keeps its revision."""
        if _says_the_same(kind, new, entry):
            return entry
        if options.dry_run:
            return kind.codec.preview(new, entry.revision)
        try:
            return self._store.put(
                kind.resource.key,
                entry.namespace,
                entry.name,
                lambda revision: kind.codec.draft(new, revision),
                expected=entry.revision,
                durability=durability,
            )
        except Conflict as exc:
            raise messages.conflict(kind.resource, entry.name) from exc

    def _remove(self, kind: Kind[ObjectT], last: ObjectT, entry: Entry, options: WriteOptions) -> Written:
        if options.dry_run:
            return Written(kind.codec.preview(last, entry.revision), deleted=True)
        return self._drop(kind, entry, lambda revision: kind.codec.draft(last, revision))

    def _discard(self, kind: Kind[ObjectT], entry: Entry, options: WriteOptions) -> Written:
        """Remove what cannot be read: no finalizers, no preconditions, as a grace of 0 asks for."""
        if options.dry_run:
            return Written(entry, deleted=True)
        return self._drop(kind, entry, lambda revision: restamp(entry, revision))

    def _drop(self, kind: Kind[ObjectT], entry: Entry, build: Build) -> Written:
        try:
            removed = self._store.delete(
                kind.resource.key,
                entry.namespace,
                entry.name,
                build,
                expected=entry.revision,
                durability=kind.strategy.durability,
            )
        except NotFound as exc:
            raise messages.not_found(kind.resource, entry.name) from exc
        except Conflict as exc:
            raise messages.conflict(kind.resource, entry.name) from exc
        return Written(removed, deleted=True)


def _attributes(
    kind: Kind[ObjectT],
    operation: Operation,
    options: WriteOptions,
    *,
    obj: ObjectT,
    old: ObjectT | None = None,
    subresource: str = "",
) -> Attributes:
    meta = obj.metadata
    return Attributes(
        operation,
        kind.resource,
        meta.namespace,
        meta.name,
        options.user,
        obj=obj,
        old=old,
        subresource=subresource,
        dry_run=options.dry_run,
        warnings=options.warnings,
    )


def _begin_create(kind: Kind[ObjectT], namespace: str, obj: ObjectT) -> None:
    """Make a new object whole, as far as it alone tells how."""
    object_meta.match_namespace(kind.resource, obj.metadata, namespace)
    object_meta.refuse_version(obj.metadata)
    obj.apiVersion, obj.kind = kind.resource.api_version, kind.resource.kind
    kind.strategy.default(obj)


def _begin_update(kind: Kind[ObjectT], new: ObjectT, old: ObjectT) -> None:
    """Make a changed object whole, and put back what nobody can change."""
    new.apiVersion, new.kind = kind.resource.api_version, kind.resource.kind
    object_meta.carry_over(new.metadata, old.metadata)
    kind.strategy.default(new)


def _says_the_same(kind: Kind[ObjectT], new: ObjectT, entry: Entry) -> bool:
    """Compare with what is stored: as bytes first, which nearly always tell.

    The order of labels in a map makes no difference in Kubernetes, but it makes one in the bytes, and none
    in their number.
    """
    data = kind.codec.encode(new, str(entry.revision))
    if data == entry.data or len(data) != len(entry.data):
        return data == entry.data
    return new == kind.codec.decode(entry)
