"""The values of an object's selectable fields, for objects that are read back from a disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edgeorch.api.fields import FieldReader
from edgeorch.api.resources import ResourceTable

FieldsOf = Callable[[str, Mapping[str, Any]], Mapping[str, str]]
"""Gives :attr:`edgeorch_server.store.base.Entry.fields` for a resource's key and an object's decoded JSON."""


def fields_from(table: ResourceTable) -> FieldsOf:
    """Read fields as the resource table describes them; an unknown resource has none."""
    readers = {info.key: FieldReader(info) for info in table}

    def fields_of(resource: str, obj: Mapping[str, Any]) -> Mapping[str, str]:
        reader = readers.get(resource)
        return reader.read(obj) if reader else {}

    return fields_of
