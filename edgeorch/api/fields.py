"""Selectable fields: what ``--field-selector`` sees of an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgeorch.api.meta import Model, Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.schema import Kind, schema_of


class FieldReader:
    """Reads the selectable fields of one kind from decoded JSON.

    A field that is not sent selects as Kubernetes prints its zero value: ``false`` for a bool
    (``spec.unschedulable=false`` finds every node that takes pods), ``0`` for a number, else ``""``.
    """

    def __init__(self, resource: ResourceInfo[Object]) -> None:
        self._fields = tuple(
            (label, path.split("."), _zero(resource.model, path))
            for label, path in resource.field_labels.items()
        )

    def read(self, body: Mapping[str, Any]) -> dict[str, str]:
        """Give the value of each of ``resource.field_labels``, as text."""
        return {label: _text(_walk(body, path), zero) for label, path, zero in self._fields}


def _walk(body: Any, path: list[str]) -> Any:
    for name in path:
        if not isinstance(body, Mapping):
            return None
        body = body.get(name)
    return body


def _text(value: Any, zero: str) -> str:
    match value:
        case None:
            return zero
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _zero(model: type[Model], path: str) -> str:
    if model.described is not None:
        return ""  # what a custom resource does not say is nothing
    *parents, last = path.split(".")
    schema = schema_of(model)
    for name in parents:
        schema = schema.fields[name].type.schema
    kind = schema.fields[last].type
    return "" if kind.pointer else _ZEROS.get(kind.kind, "")


_ZEROS = {Kind.BOOL: "false", Kind.INT: "0"}
