"""``metadata.managedFields`` on every write but Apply: whoever changes a field owns it from then on.

Follows ``fieldmanager.go`` of apimachinery with two decisions of our own (docs/design/0014), both within what
Kubernetes allows: an object that one of our own components creates is not tracked until somebody applies to it,
and a status that they write is nobody's until somebody applies to the status.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson

from edgeorch.api.apply import managers as managing
from edgeorch.api.apply.managers import Managed, Manager, Managers, updater
from edgeorch.api.apply.ownership import updated
from edgeorch.api.meta import ManagedFieldsEntry, Object, format_time
from edgeorch.api.schema import Kind, Type
from edgeorch.errors import RequestEntityTooLarge
from edgeorch_server.registry.base import WriteOptions
from edgeorch_server.registry.messages import AnyResource

OURSELVES = "kube-controller-manager"
"""Manager of what our own components write; tools know controllers by Kubernetes' name for them."""

BEFORE_FIRST_APPLY = "before-first-apply"
"""Manager of all that was there before anybody kept count (``skipnonapplied.go``)."""

STATUS = "status"

MAX_SIZE = 512 * 1024
"""Bytes of all managedFields together: whoever applies under ever new names must not fill the disk."""

_FEW = 16
"""Managers that need no measuring."""


def track_create(resource: AnyResource, new: Object, options: WriteOptions, now: dt.datetime) -> None:
    """Note who creates an object."""
    if not options.field_manager:
        return
    meta = new.metadata
    given = meta.managedFields
    managers = {} if managing.is_reset(given) else _decoded(given)
    writer = updater(options.field_manager, resource.api_version)
    meta.managedFields = []
    now_managing = updated(
        wire_of(resource), {}, part_of(resource, "", to_tree(new)), managers, writer, format_time(now)
    )
    meta.managedFields = encoded(now_managing)


def track_update(
    resource: AnyResource, subresource: str, old: Object, new: Object, options: WriteOptions, now: dt.datetime
) -> None:
    """Note who changes what of an object; one that nobody is noted for stays so."""
    before, given = old.metadata.managedFields, new.metadata.managedFields
    if subresource or not given:
        given = new.metadata.managedFields = before
    if not given or (subresource == STATUS and not options.field_manager and not _has_status(before)):
        return
    if managing.is_reset(given):
        new.metadata.managedFields = []
        return
    managers = _decoded(given)
    if not managers and given is not before:
        given, managers = before, _decoded(before)
    if not managers:
        new.metadata.managedFields = []
        return
    writer = updater(options.field_manager or OURSELVES, resource.api_version, subresource)
    result = updated(
        wire_of(resource),
        part_of(resource, subresource, to_tree(old)),
        part_of(resource, subresource, to_tree(new)),
        managers,
        writer,
        format_time(now),
    )
    unchanged = given is before and result == managers
    new.metadata.managedFields = before if unchanged else encoded(result)


def managers_for_apply(
    resource: AnyResource, subresource: str, live: Object, tree: Mapping[str, Any], now: dt.datetime
) -> dict[Manager, Managed]:
    """Give the managers of an object that is being applied to, with those that nobody has noted yet."""
    managers = _decoded(live.metadata.managedFields)
    when = format_time(now)
    if not managers:
        writer = updater(BEFORE_FIRST_APPLY, resource.api_version, subresource)
        return updated(wire_of(resource), {}, tree, managers, writer, when)
    if subresource == STATUS and not _has_status(live.metadata.managedFields):
        writer = updater(OURSELVES, resource.api_version, STATUS)
        status = {name: value for name, value in tree.items() if name == STATUS}
        return updated(wire_of(resource), {}, status, managers, writer, when)
    return managers


def encoded(managers: Managers) -> list[ManagedFieldsEntry]:
    """Write managedFields; raises RequestEntityTooLarge beyond :data:`MAX_SIZE`."""
    entries = managing.encode(managers)
    if len(entries) > _FEW and sum(len(entry.to_json()) for entry in entries) > MAX_SIZE:
        raise RequestEntityTooLarge(
            f"Request entity too large: metadata.managedFields: limit is {MAX_SIZE}; "
            "take managers out that no longer apply"
        )
    return entries


def wire_of(resource: AnyResource) -> Type:
    """Give the type of a kind's objects."""
    return Type(Kind.OBJECT, model=resource.model)


def to_tree(obj: Object) -> dict[str, Any]:
    """Give an object as plain JSON."""
    tree: dict[str, Any] = orjson.loads(obj.to_json())
    return tree


def part_of(resource: AnyResource, subresource: str, tree: Mapping[str, Any]) -> dict[str, Any]:
    """Give the members of an object that a write to it or one of its subresources can change.

    Kubernetes calls the others reset fields: the status of the object itself, all but the status of that.
    """
    if subresource in {STATUS, "approval"}:
        return {name: value for name, value in tree.items() if name in {"metadata", STATUS}}
    if resource.subresource(STATUS) is None:
        return dict(tree)
    return {name: value for name, value in tree.items() if name != STATUS}


def _has_status(entries: list[ManagedFieldsEntry]) -> bool:
    return any(entry.subresource == STATUS for entry in entries)


def _decoded(entries: list[ManagedFieldsEntry]) -> dict[Manager, Managed]:
    """Read managedFields; what is none counts as none, as in Kubernetes."""
    try:
        return managing.decode(entries)
    except ValueError:
        return {}
