"""The two things that happen to the owners of an object: Update and Apply.

Update is every write that is no Apply: whatever changes by it belongs to its manager from then on, and to
nobody else. Apply sets what its configuration says, takes out what the manager applied before and nobody else
owns, and is refused where it would change what others own, unless it is forced; what is set to the same value
is owned together. Follows ``merge.Updater`` of ``structured-merge-diff`` and what apimachinery puts around it.

Fields are compared by path whatever version of the API a set was written in: the few kinds that are served in
two versions name their fields alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edgeorch.api.apply import field_set
from edgeorch.api.apply.configuration import Claim
from edgeorch.api.apply.difference import Difference, difference
from edgeorch.api.apply.field_set import EMPTY, Node
from edgeorch.api.apply.managers import Managed, Manager, Managers, capped
from edgeorch.api.apply.merging import merge, prune
from edgeorch.api.meta import Time
from edgeorch.api.schema import Type

JsonObject = Mapping[str, Any]

Conflicts = Mapping[Manager, Node]
"""Which fields, and whose, an Apply would change."""

_NOT_OWNED = field_set.of_paths(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",)]
    + [
        ("f:metadata", f"f:{name}")
        for name in (
            *("name", "namespace", "creationTimestamp", "selfLink", "uid", "generation"),
            *("managedFields", "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds"),
        )
    ]
)
"""What nobody owns, since the server sets it or it cannot change."""


class Conflicted(Exception):
    """An Apply would change what others own."""

    def __init__(self, conflicts: Conflicts) -> None:
        super().__init__(conflicts)
        self.conflicts = conflicts


@dataclass(frozen=True, slots=True)
class Applied:
    """What an Apply came to."""

    value: dict[str, Any]
    """The new object."""
    managers: dict[Manager, Managed]


def ownable(fields: Node) -> Node:
    """Leave out what nobody owns (``stripMetaManager``)."""
    return field_set.difference(fields, _NOT_OWNED)


def updated(
    wire: Type,
    old: JsonObject,
    new: JsonObject,
    managers: Managers,
    writer: Manager,
    now: Time,
) -> dict[Manager, Managed]:
    """Give the managers after an Update from ``old`` (empty on creation) to ``new``."""
    change = _owned_difference(wire, old, new)
    if not change:
        return dict(managers)
    result = _without(managers, change)
    if change.changed:
        before = result.get(writer)
        fields = field_set.union(before.fields, change.changed) if before else change.changed
        result[writer] = Managed(fields, writer.api_version, now)
    return capped(result)


def applied(
    wire: Type,
    live: JsonObject,
    claim: Claim,
    managers: Managers,
    writer: Manager,
    api_version: str,
    now: Time,
    *,
    force: bool,
) -> Applied:
    """Apply a configuration to an object (empty on creation); raises Conflicted."""
    before = managers.get(writer)
    fields = ownable(claim.fields)
    claimed = {**managers, writer: Managed(fields, api_version, before.time if before else None)}
    value = merge(wire, live, claim.value)
    if before is not None:
        value = prune(wire, value, before.fields, _owned_by_any(claimed))
    change = _owned_difference(wire, live, value)
    others = {manager: managed for manager, managed in claimed.items() if manager != writer}
    touched = field_set.union(change.changed, change.removed)
    if not force and (conflicts := _conflicts(others, touched)):
        raise Conflicted(conflicts)
    result = _without(others, change)
    if fields:
        same = before is not None and not change and before.fields == fields
        result[writer] = claimed[writer] if same else replace(claimed[writer], time=now)
    return Applied(value, result)


def _owned_difference(wire: Type, old: JsonObject, new: JsonObject) -> Difference:
    found = difference(wire, old, new)
    return Difference(ownable(found.changed), ownable(found.removed)) if found else found


def _without(managers: Managers, change: Difference) -> dict[Manager, Managed]:
    """Take from everybody what changed or went; who is left with nothing is no manager any more."""
    gone = field_set.union(change.changed, change.removed)
    result = {}
    for manager, managed in managers.items():
        left = field_set.difference(managed.fields, gone)
        if left:
            result[manager] = managed if left == managed.fields else replace(managed, fields=left)
    return result


def _owned_by_any(managers: Managers) -> Node:
    owned = EMPTY
    for managed in managers.values():
        owned = field_set.union(owned, managed.fields)
    return owned


def _conflicts(others: Managers, touched: Node) -> dict[Manager, Node]:
    found = {manager: field_set.intersection(managed.fields, touched) for manager, managed in others.items()}
    return {manager: fields for manager, fields in found.items() if fields}
