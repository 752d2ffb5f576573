"""``metadata.managedFields``: who manages which fields, in and out.

Follows ``managedfields/internal/managedfields.go`` and ``capmanagers.go`` of apimachinery.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from edgeorch.api.apply import field_set
from edgeorch.api.apply.field_set import Node
from edgeorch.api.meta import ManagedFieldsEntry, Time

APPLY, UPDATE = "Apply", "Update"

FIELDS_TYPE = "FieldsV1"

ANCIENT = "ancient-changes"
"""Manager of what the oldest of too many managers set."""

MAX_UPDATERS = 10
"""Managers that set fields by other means than Apply and are told apart; Kubernetes' number."""


class Manager(NamedTuple):
    """Who manages fields, and by what. Somebody who applies is the same in every version of the API."""

    operation: str
    name: str
    subresource: str
    api_version: str
    """Empty for Apply."""


@dataclass(frozen=True, slots=True)
class Managed:
    """What one manager manages."""

    fields: Node
    api_version: str
    """Version of the API that the fields are those of."""
    time: Time | None = None
    """When the manager last set any of them."""


Managers = Mapping[Manager, Managed]


def applier(name: str, subresource: str = "") -> Manager:
    """Name somebody who applies."""
    return Manager(APPLY, name, subresource, "")


def updater(name: str, api_version: str, subresource: str = "") -> Manager:
    """Name somebody who creates, replaces or patches."""
    return Manager(UPDATE, name or "unknown", subresource, api_version)


def decode(entries: Iterable[ManagedFieldsEntry]) -> dict[Manager, Managed]:
    """Read managedFields; raises ValueError for what is none."""
    result: dict[Manager, Managed] = {}
    for entry in entries:
        if entry.fieldsType != FIELDS_TYPE:
            raise ValueError(f"unsupported fieldsType {entry.fieldsType!r}")
        if entry.operation not in {APPLY, UPDATE}:
            raise ValueError(f"no operation: {entry.operation!r}")
        version = "" if entry.operation == APPLY else entry.apiVersion
        manager = Manager(entry.operation, entry.manager, entry.subresource, version)
        result[manager] = Managed(field_set.parse(entry.fieldsV1 or {}), entry.apiVersion, entry.time)
    return result


def encode(managers: Managers) -> list[ManagedFieldsEntry]:
    """Write managedFields: who applies first, then by time and name (``sortEncodedManagedFields``)."""
    entries = [
        ManagedFieldsEntry(
            manager=manager.name,
            operation=manager.operation,
            apiVersion=managed.api_version,
            time=managed.time,
            fieldsType=FIELDS_TYPE,
            fieldsV1=field_set.ordered(managed.fields),
            subresource=manager.subresource,
        )
        for manager, managed in managers.items()
    ]
    return sorted(entries, key=lambda e: (e.operation, e.time or "", e.manager, e.apiVersion, e.subresource))


def is_reset(entries: Sequence[ManagedFieldsEntry]) -> bool:
    """Whether a client asks to forget all managers: one empty entry, ``managedFields: [{}]``."""
    return len(entries) == 1 and entries[0] == ManagedFieldsEntry()


def capped(managers: Managers, most: int = MAX_UPDATERS) -> dict[Manager, Managed]:
    """Put the oldest of too many updaters together, those of each version of the API into one."""
    updaters = [manager for manager in managers if manager.operation == UPDATE]
    result = dict(managers)
    if len(updaters) <= most:
        return result
    updaters.sort(key=lambda manager: (managers[manager].time or "", manager))
    for manager in updaters:
        bucket = updater(ANCIENT, manager.api_version)
        if manager == bucket:
            continue
        old = result.pop(manager)
        first = result.get(bucket)
        together = field_set.union(first.fields, old.fields) if first else old.fields
        result[bucket] = replace(old, fields=together)
        if sum(manager.operation == UPDATE for manager in result) <= most:
            break
    return result
