"""An applied configuration: the fields it claims, and what is wrong with it.

Follows ``TypedValue.ToFieldSet`` and the validation before it in ``structured-merge-diff``. What the models
know better (numbers in range, well-formed times) is left to them: they read the merged object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgeorch.api.apply.elements import element, is_leaf, item_name, member
from edgeorch.api.apply.field_set import LEAF, SELF, Node, field_name, format_path
from edgeorch.api.field_check import MAX_FINDINGS
from edgeorch.api.schema import Field, Kind, Type

Path = tuple[str, ...]


class Malformed(ValueError):
    """The configuration does not have the shape of its kind; the text names the place and the mistake."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a configuration asks for."""

    value: dict[str, Any]
    """The configuration without unknown fields; a null is left in, for "none of this"."""
    fields: Node
    """The fields it sets."""
    unknown: tuple[str, ...] = ()
    """Fields that its kind does not have (``.spec.replicaz``)."""


def read(wire: Type, configuration: Mapping[str, Any]) -> Claim:
    """Read a configuration of an object of this type; raises Malformed."""
    reader = _Reader()
    value, fields = reader.object(wire, configuration, ())
    return Claim(value, fields, tuple(reader.unknown))


@dataclass(slots=True)
class _Reader:
    unknown: list[str] = field(default_factory=list)

    def object(self, wire: Type, value: Mapping[str, Any], at: Path) -> tuple[dict[str, Any], dict[str, Node]]:
        """Give what is known of an object or map, and the fields in it."""
        kept: dict[str, Any] = {}
        fields: dict[str, Node] = {}
        for key, item in value.items():
            name = field_name(key)
            known = member(wire, key)
            if known is None:
                if len(self.unknown) < MAX_FINDINGS:
                    self.unknown.append(format_path((*at, name)))
                continue
            kept[key], below = self._value(known, item, (*at, name))
            # An entry of a map is claimed with what is in it, a field of a structure only where it is empty.
            if wire.kind is Kind.MAP:
                below = {SELF: LEAF, **below} if below else LEAF
            if below is not None:
                fields[name] = below
        return kept, fields

    def _value(self, known: Field, value: Any, at: Path) -> tuple[Any, Node | None]:
        """Give a field's value and the fields at and below it; None where it claims nothing (an empty list)."""
        _check(known.type, value, at)
        if value is None or is_leaf(known):
            return value, LEAF
        if known.type.kind is Kind.LIST:
            return self._items(known, value, at)
        kept, fields = self.object(known.type, value, at)
        return kept, fields if fields or not kept else None

    def _items(self, known: Field, items: list[Any], at: Path) -> tuple[list[Any], Node | None]:
        wire = element(known)
        kept: list[Any] = []
        fields: dict[str, Node] = {}
        for index, item in enumerate(items):
            try:
                name = item_name(known, item)
            except ValueError as exc:
                raise Malformed(f"{format_path(at)}: element {index}: {exc}") from exc
            if name in fields:
                raise Malformed(f"{format_path(at)}: duplicate entries for key {format_path((name,))}")
            path = (*at, name)
            _check(wire, item, path)
            if wire.kind is Kind.OBJECT and not wire.atomic:
                value, below = self.object(wire, item, path)
                kept.append(value)
                fields[name] = {SELF: LEAF, **below}
            else:
                kept.append(item)
                fields[name] = LEAF
        return kept, fields or None


def _check(wire: Type, value: Any, at: Path) -> None:
    """Refuse a value of another shape, and what is wrong within one that is owned as a whole is the model's."""
    if value is None:
        return
    match wire.kind:
        case Kind.OBJECT | Kind.MAP if not isinstance(value, dict):
            raise Malformed(f"{format_path(at)}: expected map, got {_go(value)}")
        case Kind.LIST if not isinstance(value, list):
            raise Malformed(f"{format_path(at)}: expected list, got {_go(value)}")
        case Kind.STRING | Kind.TIME if not isinstance(value, str):
            raise Malformed(f"{format_path(at)}: expected string, got {_go(value)}")
        case Kind.BOOL if not isinstance(value, bool):
            raise Malformed(f"{format_path(at)}: expected boolean, got {_go(value)}")
        case Kind.INT | Kind.FLOAT if isinstance(value, bool) or not isinstance(value, int | float):
            raise Malformed(f"{format_path(at)}: expected numeric (int or float), got {_go_type(value)}")
        case _:
            pass


_SHOWN = 200


def _go(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"&value.valueUnstructured{{Value:{text[:_SHOWN]}}}"


def _go_type(value: Any) -> str:
    words = {bool: "bool", str: "string", list: "[]interface {}", dict: "map[string]interface {}"}
    return words.get(type(value), "nil")
