"""What a request body says that its kind does not know, or that has no effect here.

The answer carries a body that the models can read: without unknown fields, without JSON nulls (Go takes a
null for "not set") and with Go's zero value for the few fields that Kubernetes always sends, so that
validation, and not the decoder, says what is required.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from edgeorch.api.meta import Model
from edgeorch.api.schema import SCALARS, Field, Kind, ObjectSchema, Path, Type, format_path, schema_of

MAX_FINDINGS = 100
"""Kubernetes reports at most a hundred; more help nobody."""
MAX_WITHOUT_EFFECT = 1000
"""Fields without effect that are noted; those of a name are told together."""
MAX_PLACES = 3
"""Places that are named where a field is set in many."""

_INDEX = re.compile(r"\[(\d+)\]")
_Link = tuple["_Link | None", str | int]
"""A path as a linked list from its end: most are never written out."""


@dataclass(frozen=True, slots=True)
class WithoutEffect:
    """A field that is set, kept, and ignored here."""

    path: str
    why: str
    items: int = 1
    """How many things it holds, if it is a list."""

    def __str__(self) -> str:
        return f"{self.path}: {_kept(self.why)}"


@dataclass(frozen=True, slots=True)
class FieldReport:
    """Result of :func:`check`."""

    body: dict[str, Any]
    """The cleaned body; shares whatever needed no change with the one that was checked."""
    unknown: tuple[str, ...] = ()
    """Paths of fields that the kind does not have: ``spec.containers[0].imagee``."""
    without_effect: tuple[WithoutEffect, ...] = ()
    """Fields that Kubernetes knows and edgeorch does not act on."""

    @property
    def problems(self) -> tuple[str, ...]:
        """The unknown fields in Kubernetes' words, as Strict refuses them and Warn tells them."""
        return tuple(f'unknown field "{path}"' for path in self.unknown)


def sentences(findings: Iterable[WithoutEffect]) -> list[str]:
    """Say of each field without effect why; one that is set in several places is told once.

    The schemas of one CustomResourceDefinition may have hundreds of rules: a warning for each helps nobody.
    """
    alike: dict[tuple[str, str], list[WithoutEffect]] = {}
    for finding in findings:
        alike.setdefault((finding.path.rpartition(".")[2], finding.why), []).append(finding)
    return [
        str(found[0]) if len(found) == 1 else _told_together(name, why, found)
        for (name, why), found in alike.items()
    ]


def _told_together(name: str, why: str, found: list[WithoutEffect]) -> str:
    named = ", ".join(finding.path.removesuffix(f".{name}") for finding in found[:MAX_PLACES])
    more = f" and {len(found) - MAX_PLACES} more" if len(found) > MAX_PLACES else ""
    items = sum(finding.items for finding in found)
    number = f"{items} " if items > len(found) else ""
    return f"{name} ({number}in {len(found)} places: {named}{more}): {_kept(why)}"


def _kept(why: str) -> str:
    return f"kept, but without effect here: {why}"


def in_document_order(body: Any, problems: Iterable[str], unknown: Iterable[str]) -> list[str]:
    """Put what decoding and checking a JSON body found into the order in which Kubernetes' one pass finds it.

    It says nothing twice, and calls a field that is unknown and stands there twice unknown only. Duplicates
    count where they stand first.
    """
    found = {f'unknown field "{path}"': path for path in unknown}
    for problem in problems:
        path = problem.removeprefix('duplicate field "').removesuffix('"')
        if f'unknown field "{path}"' not in found:
            found[problem] = path
    if len(found) > 1:
        places = {path: place for place, path in enumerate(_paths(body))}
        return sorted(found, key=lambda problem: places.get(found[problem], 0))
    return list(found)


def sorted_unknown(unknown: Iterable[str]) -> list[str]:
    """Order unknown fields by their path, as Kubernetes finds them where Go's maps lie between: in patches."""
    by_number = {path: _INDEX.sub(lambda index: f"[{int(index[1]):09}]", path) for path in unknown}
    return [f'unknown field "{path}"' for path in sorted(by_number, key=by_number.__getitem__)]


def _paths(value: Any, at: _Link | None = None) -> Iterator[str]:
    children: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, child in children:
        yield format_path(_unlink((at, key)))
        yield from _paths(child, (at, key))


def check(model: type[Model], body: dict[str, Any]) -> FieldReport:
    """Compare a decoded body with its model. Types are not checked here; the body is not changed."""
    checker = _Checker()
    cleaned = checker.object(schema_of(model), body, None)
    return FieldReport(cleaned, tuple(checker.unknown), tuple(checker.without_effect))


@dataclass(slots=True)
class _Checker:
    unknown: list[str] = field(default_factory=list)
    without_effect: list[WithoutEffect] = field(default_factory=list)

    def object(self, schema: ObjectSchema, body: dict[str, Any], at: _Link | None) -> dict[str, Any]:
        """Give ``body`` itself when nothing had to change, else a changed copy."""
        fields, plain = schema.fields, schema.plain
        changed: dict[str, Any] = {}
        for name, value in body.items():
            if name in plain and value is not None:
                continue
            cleaned = self._field(fields.get(name), value, (at, name))
            if cleaned is not value or value is None:
                changed[name] = cleaned
        for name in schema.required:
            if body.get(name) is None:
                changed[name] = fields[name].type.zero()
        if not changed:
            return body
        return {name: value for name, value in (body | changed).items() if value is not None}

    def _field(self, known: Field | None, value: Any, at: _Link) -> Any:
        """Clean a field's value; None drops the field."""
        if known is None:
            self._note_unknown(at)
            return None
        # A pointer tells false and zero from absent: `hostUsers: false` asks for something too.
        if known.unsupported and value is not None and (value or known.type.pointer):
            self._note_without_effect(at, known, value)
        return self._value(known.type, value, at) if type(value) in _CONTAINERS else value

    def _value(self, wire: Type, value: Any, at: _Link) -> Any:
        element = wire.element
        if element is None:
            is_object = wire.model is not None and isinstance(value, dict)
            return self.object(wire.schema, value, at) if is_object else value
        if element.kind is Kind.ANY:
            return value
        if wire.kind is Kind.LIST and isinstance(value, list):
            if element.kind in SCALARS and None not in value:
                return value
            items = [self._element(element, item, (at, index)) for index, item in enumerate(value)]
            return value if all(map(operator.is_, items, value)) else items
        if wire.kind is Kind.MAP and isinstance(value, dict):
            if element.kind in SCALARS and None not in value.values():
                return value
            entries = {key: self._element(element, item, (at, key)) for key, item in value.items()}
            return value if all(map(operator.is_, entries.values(), value.values())) else entries
        return value

    def _element(self, wire: Type, value: Any, at: _Link) -> Any:
        if value is None:
            return wire.zero()
        return self._value(wire, value, at) if type(value) in _CONTAINERS else value

    def _note_unknown(self, at: _Link) -> None:
        if len(self.unknown) < MAX_FINDINGS:
            self.unknown.append(format_path(_unlink(at)))

    def _note_without_effect(self, at: _Link, known: Field, value: Any) -> None:
        if len(self.without_effect) < MAX_WITHOUT_EFFECT:
            items = len(value) if isinstance(value, list) else 1
            self.without_effect.append(WithoutEffect(format_path(_unlink(at)), known.unsupported, items))


_CONTAINERS = (dict, list)


def _unlink(at: _Link | None) -> Path:
    parts: list[str | int] = []
    while at is not None:
        at, part = at
        parts.append(part)
    return tuple(reversed(parts))
