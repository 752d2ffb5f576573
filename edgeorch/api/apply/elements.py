"""The items of associative lists: how they are named, and which share a name.

An item of a map-like list is named by its keys, an item of a set by itself (``x-kubernetes-list-type``).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

from edgeorch.api.apply.field_set import key_name, value_name
from edgeorch.api.schema import Field, Kind, Type


def is_leaf(field: Field) -> bool:
    """Whether a value of this field is owned as a whole. Free JSON is: nobody knows what its parts mean."""
    wire = field.type
    if wire.kind is Kind.LIST:
        return field.list_keys is None
    if wire.kind is Kind.MAP:
        return wire.atomic or wire.element is None or wire.element.kind is Kind.ANY
    return wire.atomic or wire.kind is not Kind.OBJECT


def element(field: Field) -> Type:
    """Give the type of the items of an associative list."""
    return field.type.element or Type(Kind.ANY)


def is_struct(field: Field) -> bool:
    """Whether Kubernetes always sends this field, as ``{}`` where there is nothing in it: a struct of Go's."""
    return field.type.kind is Kind.OBJECT and not field.type.pointer


def item_name(field: Field, item: Any) -> str:
    """Name an item of an associative list; raises ValueError, saying what is wrong with it."""
    keys = field.list_keys
    if not keys:
        if isinstance(item, dict | list) or item is None:
            raise ValueError("associative lists as sets must have scalar items")
        return value_name(item)
    if not isinstance(item, dict):
        raise ValueError("associative list with keys may not have non-map elements")  # noqa: TRY004 - data
    values = {}
    for key in keys:
        value = item.get(key)
        if value is None:
            value = next((default for name, default in field.key_defaults if name == key), None)
        if value is None or isinstance(value, dict | list):
            omits = "associative list with keys has an element that omits key field"
            raise ValueError(f'{omits} "{key}" (and doesn\'t have default value)')
        values[key] = value
    return key_name(values)


def lenient_name(field: Field, item: Any, index: int) -> str:
    """Name an item of what is stored already, whatever it looks like."""
    try:
        return item_name(field, item)
    except ValueError:
        return f"i:{index}"


def named(field: Field, items: Sequence[Any]) -> dict[str, list[Any]]:
    """Give a stored list's items by name, in order. What is stored may hold a name twice."""
    result: dict[str, list[Any]] = {}
    for index, item in enumerate(items):
        result.setdefault(lenient_name(field, item, index), []).append(item)
    return result


def member(wire: Type, key: str) -> Field | None:
    """Describe a member of an OBJECT or a MAP; None for a field that the object does not have."""
    if wire.kind is Kind.OBJECT:
        schema = wire.schema
        return schema.fields.get(key, schema.rest)
    return _entry(wire)


@functools.lru_cache(maxsize=1024)
def _entry(wire: Type) -> Field:
    """Describe the entries of a MAP: what is in the map is there, however empty, like Go's pointers."""
    return Field("", "", dataclasses.replace(wire.element or Type(Kind.ANY), pointer=True))


def or_none(field: Field, value: Any) -> Any:
    """Give a value, or None for Go's zero where that is not sent: to set it is to set nothing."""
    return value if value or field.required or field.type.pointer else None
