"""What of an object its schema does not know.

Follows ``pruning/algorithm.go`` of apiextensions-apiserver: what is not specified is dropped, unless
``x-kubernetes-preserve-unknown-fields`` stands there; nothing is changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgeorch.api.apiextensions.json_schema import JSONSchemaProps
from edgeorch.api.field_check import MAX_FINDINGS
from edgeorch.api.schema import Path, format_path

OBJECT_FIELDS = frozenset({"apiVersion", "kind", "metadata"})
"""Members of every Kubernetes object, whatever a schema says of them."""


def pruned(
    schema: JSONSchemaProps, body: Mapping[str, Any], *, is_object: bool
) -> tuple[dict[str, Any], list[str]]:
    """Give what a schema knows of an object, and the paths of the rest, at most a hundred.

    ``is_object`` is set for what is a Kubernetes object, as opposed to a part of one.
    """
    pruner = _Pruner()
    kept = pruner.members(schema, body, (), is_object=is_object)
    return kept, pruner.unknown


@dataclass(slots=True)
class _Pruner:
    unknown: list[str] = field(default_factory=list)

    def members(
        self, schema: JSONSchemaProps, body: Mapping[str, Any], at: Path, *, is_object: bool
    ) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        others = schema.additionalProperties
        free = bool(schema.x_preserve_unknown_fields) or others is True
        for name, value in body.items():
            place = (*at, name)
            known = schema.properties.get(name)
            if is_object and name in OBJECT_FIELDS:
                kept[name] = value
            elif known is not None:
                kept[name] = self._value(known, value, place)
            elif isinstance(others, JSONSchemaProps):
                kept[name] = self._value(others, value, place)
            elif free:
                kept[name] = value
            elif len(self.unknown) < MAX_FINDINGS:
                self.unknown.append(format_path(place))
        return kept

    def _value(self, schema: JSONSchemaProps, value: Any, at: Path) -> Any:
        if isinstance(value, dict):
            return self.members(schema, value, at, is_object=schema.x_embedded_resource)
        if isinstance(value, list) and schema.items is not None:
            items = schema.items
            return [self._value(items, item, (*at, index)) for index, item in enumerate(value)]
        return value
