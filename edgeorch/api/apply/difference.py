"""Which fields two versions of an object differ in.

A structure that Kubernetes always sends counts as being there, empty, wherever the object it belongs to is:
whoever sets something in it owns that and not the structure, as in Kubernetes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgeorch.api.apply.elements import element, is_leaf, is_struct, member, named, or_none
from edgeorch.api.apply.field_set import EMPTY, LEAF, SELF, Node, field_name
from edgeorch.api.schema import Field, Kind, Type

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of an object's fields."""

    changed: Node = dataclasses.field(default_factory=dict)
    """Fields that are new or have another value."""
    removed: Node = dataclasses.field(default_factory=dict)
    """Fields that are no longer there."""

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)


Sets = tuple[Node | None, Node | None]
"""What changed and what was removed at and below a field; None where nothing did (an empty node is a field)."""


def difference(wire: Type, old: JsonObject, new: JsonObject) -> Difference:
    """Compare two versions of an object of this type."""
    changed, removed = _objects(wire, old, new)
    return Difference(changed or EMPTY, removed or EMPTY)


def everything(field: Field, value: Any) -> Node:
    """Give the set of a field that appeared or went: all in it, and each thing that holds something too."""
    if is_leaf(field) or not value:
        return LEAF
    if field.type.kind is Kind.LIST:
        items = value if isinstance(value, list) else []
        return {SELF: LEAF, **{name: _whole_item(field, same) for name, same in named(field, items).items()}}
    return _whole(field.type, value)


def _whole(wire: Type, value: Any) -> Node:
    result: dict[str, Node] = {SELF: LEAF}
    for key, item in value.items() if isinstance(value, dict) else ():
        field = member(wire, key)
        if field is not None:
            result[field_name(key)] = everything(field, item)
    return result


def _whole_item(field: Field, same: list[Any]) -> Node:
    """Give the set of an item; items that share a name are owned together, as one value."""
    wire = element(field)
    return LEAF if _is_one_value(wire, same) else _whole(wire, same[0])


def _is_one_value(wire: Type, same: list[Any]) -> bool:
    return len(same) != 1 or wire.atomic or wire.kind is not Kind.OBJECT or not isinstance(same[0], dict)


def _objects(wire: Type, old: JsonObject, new: JsonObject) -> Sets:
    found: dict[str, Sets] = {}
    for key, value in new.items():
        before = old.get(key)
        field = member(wire, key) if before != value else None
        if field is not None:
            found[field_name(key)] = _values(field, before, value)
    for key, before in old.items():
        field = member(wire, key) if new.get(key) is None and before is not None else None
        if field is not None:
            found[field_name(key)] = _values(field, before, None)
    return _gathered(found)


def _values(field: Field, old: Any, new: Any) -> Sets:
    old, new = or_none(field, old), or_none(field, new)
    if old is None and new is None:
        return None, None
    if is_leaf(field):
        return (None, LEAF) if new is None else (LEAF, None)
    is_list = field.type.kind is Kind.LIST
    if old is None or new is None:
        if not is_struct(field) and not (is_list and field.required):
            return (everything(field, new), None) if old is None else (None, everything(field, old))
        there: Any = [] if is_list else {}
        old, new = there if old is None else old, there if new is None else new
    if is_list:
        return _lists(field, old, new) if isinstance(old, list) and isinstance(new, list) else (LEAF, None)
    return _objects(field.type, old, new) if isinstance(old, dict) and isinstance(new, dict) else (LEAF, None)


def _lists(field: Field, old: list[Any], new: list[Any]) -> Sets:
    olds, news = named(field, old), named(field, new)
    found: dict[str, Sets] = {}
    for name, same in news.items():
        before = olds.get(name)
        if before is None:
            found[name] = _whole_item(field, same), None
        elif before != same:
            found[name] = _items(field, before, same)
    for name, before in olds.items():
        if name not in news:
            found[name] = None, _whole_item(field, before)
    return _gathered(found)


def _items(field: Field, old: list[Any], new: list[Any]) -> Sets:
    wire = element(field)
    if _is_one_value(wire, old) or _is_one_value(wire, new):
        return LEAF, None
    return _objects(wire, old[0], new[0])


def _gathered(found: Mapping[str, Sets]) -> Sets:
    changed = {name: sets[0] for name, sets in found.items() if sets[0] is not None}
    removed = {name: sets[1] for name, sets in found.items() if sets[1] is not None}
    return changed or None, removed or None
