"""YAML to JSON values, the way ``sigs.k8s.io/yaml`` reads manifests.

Kubernetes' YAML is YAML 1.1 as go-yaml v2 sees it, and differs from PyYAML's: ``yes``, ``on`` and ``y`` are
booleans; ``0755`` and ``0o755`` are octal; ``12:30`` is a string, not a number to base 60; ``1e3`` is a number;
dates are strings. So only PyYAML's parser is used here, and its events are turned into values directly.

That also bounds the work: no recursion, no tags that construct anything, and aliases are copied out only as
long as the result is no larger than honest text of that size could be.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLS = {
    **dict.fromkeys(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"], True),
    **dict.fromkeys(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"], False),
}
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)", re.ASCII)
_BASED = re.compile(r"[-+]?0(?:[bB]([01]+)|[xX]([0-9a-fA-F]+)|[oO]?([0-7]+))", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII)
_TAG = "tag:yaml.org,2002:"
_MERGE = "<<"
_MAX_INTEGER = 2**64
_DECIMAL_BASE = 10
_MAX_DIGITS = 80
_FIRST_EXPONENT = 1e21
"""Go's encoding/json writes larger floats with an exponent."""
_SPARE_NODES = 100_000
"""How many more values than bytes a document may have after its aliases are copied out."""


class YamlError(ValueError):
    """No YAML that can stand for JSON; the message carries the line."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream."""

    value: Any
    problems: tuple[str, ...] = ()
    """Keys that stand there twice: ``line 3: key "a" already set in map``."""


def read_documents(data: bytes | str, *, max_depth: int = 128) -> Iterator[Document]:
    """Read the documents of a stream one by one; each step may raise :class:`YamlError`."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    budget = len(data) + _SPARE_NODES
    try:
        for event in (events := yaml.parse(data, Loader=loader)):
            if isinstance(event, yaml.DocumentStartEvent):
                yield _Reader(max_depth, budget).read(events)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise YamlError(f"yaml: {line}{exc.problem or exc.context}") from exc
    except (yaml.YAMLError, ValueError) as exc:
        if isinstance(exc, YamlError):
            raise
        raise YamlError(f"yaml: {str(exc).splitlines()[0]}") from exc


@dataclass(slots=True)
class _Open:
    """A sequence or mapping whose end has not come yet."""

    value: list[Any] | dict[str, Any]
    anchor: str | None
    line: int
    key: str | None = None
    """In a mapping: the key whose value comes next."""
    merging: bool = False
    """In a mapping: the value that comes next belongs to ``<<``."""
    merges: list[Any] = field(default_factory=list)
    """In a mapping: what ``<<`` brought; the mapping's own keys win over it, in any order."""

    @property
    def expects_key(self) -> bool:
        return isinstance(self.value, dict) and self.key is None and not self.merging


class _Reader:
    """Builds one document from parser events, with a stack of its own."""

    def __init__(self, max_depth: int, budget: int) -> None:
        self._max_depth = max_depth
        self._budget = budget
        self._stack: list[_Open] = []
        self._anchors: dict[str, Any] = {}
        self._problems: list[str] = []
        self._root: Any = None

    def read(self, events: Iterator[Any]) -> Document:
        for event in events:
            match event:
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.AliasEvent():
                    self._alias(event)
                case yaml.SequenceStartEvent():
                    self._open([], event)
                case yaml.MappingStartEvent():
                    self._open({}, event)
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self._close()
                case yaml.DocumentEndEvent():
                    break
        return Document(self._root, tuple(self._problems))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        line = _line(event)
        parent = self._stack[-1] if self._stack else None
        if parent and parent.expects_key:
            parent.merging = event.implicit[0] and event.value == _MERGE
            if not parent.merging:
                self._set_key(parent, _scalar_value(event, line), event.anchor, line)
            return
        self._add(_scalar_value(event, line), event.anchor, line)

    def _alias(self, event: yaml.AliasEvent) -> None:
        line = _line(event)
        if event.anchor not in self._anchors:
            raise YamlError(f"yaml: unknown anchor '{event.anchor}' referenced")
        self._add(self._copy(self._anchors[event.anchor], len(self._stack)), None, line)

    def _open(self, value: list[Any] | dict[str, Any], event: Any) -> None:
        line = _line(event)
        if len(self._stack) >= self._max_depth:
            raise YamlError(f"yaml: line {line}: exceeded max depth of {self._max_depth}")
        parent = self._stack[-1] if self._stack else None
        if parent and parent.expects_key:
            raise YamlError(f"yaml: line {line}: invalid map key")
        if event.anchor:
            # Until it is complete, an anchor must not stand for the old value of the same name.
            self._anchors.pop(event.anchor, None)
        self._stack.append(_Open(value, event.anchor, line))

    def _close(self) -> None:
        done = self._stack.pop()
        if isinstance(done.value, dict):
            for merged in done.merges:
                for key, value in merged.items():
                    done.value.setdefault(key, value)
            # sigs.k8s.io/yaml goes through JSON of Go's maps, so what comes after meets the keys in order
            done.value = dict(sorted(done.value.items()))
        self._add(done.value, done.anchor, done.line)

    def _add(self, value: Any, anchor: str | None, line: int) -> None:
        self._spend()
        if anchor:
            self._anchors[anchor] = value
        if not self._stack:
            self._root = value
            return
        parent = self._stack[-1]
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.merging:
            parent.merges += _mappings(value, line)
            parent.merging = False
        elif parent.key is None:
            self._set_key(parent, value, None, line)  # an alias in the place of a key
        else:
            parent.value[parent.key] = value
            parent.key = None

    def _set_key(self, parent: _Open, value: Any, anchor: str | None, line: int) -> None:
        parent.key = _key(value, line)
        if parent.key in parent.value:
            self._problems.append(f'line {line}: key "{parent.key}" already set in map')
        if anchor:
            self._anchors[anchor] = parent.key

    def _copy(self, value: Any, depth: int) -> Any:
        """Copy out an alias, within the document's budget and depth."""
        self._spend()
        if depth > self._max_depth:
            raise YamlError(f"yaml: exceeded max depth of {self._max_depth}")
        if isinstance(value, dict):
            return {key: self._copy(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self._copy(item, depth + 1) for item in value]
        return value

    def _spend(self) -> None:
        self._budget -= 1
        if self._budget < 0:
            raise YamlError("yaml: document contains excessive aliasing")


def _line(event: Any) -> int:
    mark = event.start_mark
    return mark.line + 1 if mark else 0


def _scalar_value(event: yaml.ScalarEvent, line: int) -> Any:
    text: str = event.value
    tag = event.tag or ""
    if event.implicit[0] and tag != "!":
        return _resolve(text, line)
    kind = tag.removeprefix(_TAG)
    if kind == "binary":
        return _binary(text, line)
    wanted = _TAGGED.get(kind)
    if kind == tag or wanted is None:
        # Quoted, or tagged with what is no type of ours: go-yaml takes it as a string.
        return text
    value = _resolve(text, line)
    if type(value) not in wanted:
        raise YamlError(f"yaml: line {line}: cannot decode `{text[:20]}` as a !!{kind}")
    return value


_TAGGED = {"int": (int,), "float": (float, int), "bool": (bool,), "null": (type(None),)}


def _resolve(text: str, line: int) -> Any:
    """Find out what a plain scalar is."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if text[0] not in "+-.0123456789":
        return text
    plain = text.replace("_", "")
    if _DECIMAL.fullmatch(plain):
        return _integer(plain, _DECIMAL_BASE, text)
    if based := _BASED.fullmatch(plain):
        base = next(base for base, digits in zip((2, 16, 8), based.groups(), strict=True) if digits)
        digits = next(digits for digits in based.groups() if digits)
        return _integer(("-" if text[0] == "-" else "") + digits, base, text)
    if _FLOAT.fullmatch(plain):
        return _float(plain, text)
    if _NOT_FINITE.fullmatch(text):
        raise YamlError(f"yaml: line {line}: json: unsupported value: {text}")
    return text


def _integer(digits: str, base: int, text: str) -> int | float | str:
    # The length keeps int() from quadratic work; beyond 64 bits go-yaml falls back to a float.
    if len(digits) > _MAX_DIGITS:
        return text
    number = int(digits, base)
    if -_MAX_INTEGER // 2 <= number < _MAX_INTEGER:
        return number
    return _float(digits, text) if base == _DECIMAL_BASE else text


def _float(plain: str, text: str) -> int | float | str:
    number = float(plain)
    if not math.isfinite(number):
        return text
    # Go writes a whole number without a point, and JSON's readers then see an integer.
    return int(number) if number.is_integer() and abs(number) < _FIRST_EXPONENT else number


def _binary(text: str, line: int) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode(errors="replace")
    except ValueError as exc:
        raise YamlError(f"yaml: line {line}: !!binary value contains invalid base64 data") from exc


def _key(value: Any, line: int) -> str:
    """Write a key as JSON needs it, the way sigs.k8s.io/yaml converts keys that are no strings."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise YamlError(f"yaml: line {line}: unsupported map key")


def _mappings(value: Any, line: int) -> list[Any]:
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, dict) for part in parts):
        raise YamlError(f"yaml: line {line}: map merge requires map or sequence of maps as the value")
    return parts
