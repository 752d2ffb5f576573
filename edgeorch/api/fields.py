"""Selectable fields: what ``--field-selector`` sees of an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo


class FieldReader:
    """Reads the selectable fields of one kind from decoded JSON.

    A field that is not sent selects as Kubernetes prints its zero value: ``false`` for a bool
    (``spec.unschedulable=false`` finds every node that takes pods), else ``""``.
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


def _zero(model: type[BaseModel], path: str) -> str:
    *parents, last = path.split(".")
    for name in parents:
        factory = model.model_fields[name].default_factory
        if not (isinstance(factory, type) and issubclass(factory, BaseModel)):
            raise TypeError(f"{path} does not lead through {model.__name__}.{name}")
        model = factory
    return "false" if model.model_fields[last].default is False else ""
