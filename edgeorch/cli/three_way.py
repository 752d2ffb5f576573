"""The patch of a client-side apply: from what was applied last and what is wanted now.

Kubernetes, "How apply calculates differences and merges changes": members that the last apply set and this one
does not are removed; everything this one sets is sent, and the server merges it (strategic merge: lists by
their keys) with what others have set.
"""

from __future__ import annotations

from typing import Any

from edgeorch.api.schema import Field, Kind, Type

_UNKNOWN = Field(name="", attribute="", type=Type(Kind.ANY))


def removals(last: Any, wanted: Any, field: Field) -> Any:
    """Give ``wanted`` with the deletions added that lead from ``last`` to it.

    ``field`` describes both: which members there are below, and by which key a list is merged.
    """
    if isinstance(last, dict) and isinstance(wanted, dict):
        merged = {name: removals(last.get(name), value, _member(field, name)) for name, value in wanted.items()}
        return merged | {name: None for name in last if name not in wanted}
    if field.merge_key and isinstance(last, list) and isinstance(wanted, list):
        return _list_removals(last, wanted, field, field.merge_key)
    return wanted


def _list_removals(last: list[Any], wanted: list[Any], field: Field, key: str) -> list[Any]:
    before = {item[key]: item for item in last if isinstance(item, dict) and key in item}
    element = Field(name="", attribute="", type=field.type.element or _UNKNOWN.type)
    items = [
        removals(before.get(item.get(key)), item, element) if isinstance(item, dict) else item
        for item in wanted
    ]
    present = {item.get(key) for item in wanted if isinstance(item, dict)}
    return items + [{"$patch": "delete", key: name} for name in before if name not in present]


def _member(field: Field, name: str) -> Field:
    if field.type.kind is Kind.OBJECT:
        return field.type.schema.fields.get(name, _UNKNOWN)
    if field.type.element is not None:
        return Field(name=name, attribute=name, type=field.type.element)
    return _UNKNOWN
