"""Filling in what a schema gives defaults for.

Follows ``defaulting/algorithm.go`` and ``prune.go`` of apiextensions-apiserver: a default is taken where a
member is missing, or ``null`` though it may not be; other such nulls are dropped.
"""

from __future__ import annotations

import copy
from typing import Any

from edgeorch.api.apiextensions.json_schema import JSONSchemaProps


def fill(schema: JSONSchemaProps, value: Any) -> None:
    """Fill in the defaults of all that is in an object or a list, in place; twice does no more than once."""
    if isinstance(value, dict):
        _fill_members(schema, value)
    elif isinstance(value, list) and schema.items is not None:
        for item in value:
            fill(schema.items, item)


def _fill_members(schema: JSONSchemaProps, value: dict[str, Any]) -> None:
    for name, known in schema.properties.items():
        if known.default is not None and _is_missing(known, value, name):
            value[name] = copy.deepcopy(known.default)
    others = schema.additionalProperties
    for name in tuple(value):
        inner = schema.properties.get(name)
        if inner is None and isinstance(others, JSONSchemaProps):
            inner = others
        if inner is None:
            continue
        if value[name] is None and not inner.nullable:
            if inner.default is None:
                del value[name]
                continue
            value[name] = copy.deepcopy(inner.default)
        fill(inner, value[name])


def _is_missing(known: JSONSchemaProps, value: dict[str, Any], name: str) -> bool:
    return name not in value or (value[name] is None and not known.nullable)
