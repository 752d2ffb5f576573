"""The values of an object's selectable fields, read from its JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edgeorch.api.resources import ResourceTable

FieldsOf = Callable[[str, Mapping[str, Any]], Mapping[str, str]]
"""Gives :attr:`edgeorch_server.store.base.Entry.fields` for a resource's key and an object's decoded JSON."""


def fields_from(table: ResourceTable) -> FieldsOf:
    """Read fields as the resource table describes them; an unknown resource has none."""
    labels = {info.key: info.field_labels for info in table}

    def fields_of(resource: str, obj: Mapping[str, Any]) -> Mapping[str, str]:
        return {label: _at(obj, path) for label, path in labels.get(resource, {}).items()}

    return fields_of


def _at(obj: Mapping[str, Any], path: str) -> str:
    """Follow a dotted path; an absent value selects as ``""``, booleans in JSON's words."""
    value: Any = obj
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
