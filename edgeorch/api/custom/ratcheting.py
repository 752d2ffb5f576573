"""What an object was like before: what has not changed is not held against whoever changes something else.

"Validation ratcheting" of CustomResourceDefinitions: a definition may become stricter while objects that break
its new rules are stored; they can be written as long as what is wrong in them stays as it is
(``apiextensions-apiserver/pkg/apiserver/schema/cel/model``, ``ratcheting.go``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgeorch.api.apiextensions.json_schema import JSONSchemaProps


@dataclass(frozen=True, slots=True)
class Before:
    """The value that was in the same place, if there was one: else :data:`NOTHING`."""

    value: Any

    def is_like(self, value: Any) -> bool:
        """Compare as JSON, in which 1, 1.0 and true are three things."""
        return self.value == value and canonical(self.value) == canonical(value)

    def member(self, name: str) -> Before:
        """Give the member of that name."""
        if isinstance(self.value, dict) and name in self.value:
            return Before(self.value[name])
        return NOTHING

    def items(self, schema: JSONSchemaProps) -> Mapping[str, Before]:
        """Give the items by :func:`key_of`; none of lists without keys, as an index says little of an item."""
        if schema.x_list_type != "map" or not isinstance(self.value, list):
            return {}
        return {key_of(schema, item): Before(item) for item in self.value}


NOTHING = Before(object())
"""Nothing is like it."""


def key_of(schema: JSONSchemaProps, item: Any) -> str:
    """Tell which item of a list with keys this is."""
    return canonical(keys_of(schema, item)) if isinstance(item, dict) else ""


def keys_of(schema: JSONSchemaProps, item: Mapping[str, Any]) -> dict[str, Any]:
    """Give those members of an item that tell it from others."""
    return {key: item[key] for key in schema.x_list_map_keys if key in item}


def canonical(value: Any) -> str:
    """Write a JSON value so that equal ones read the same."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
