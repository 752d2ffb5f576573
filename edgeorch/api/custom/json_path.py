"""The paths that definitions use: columns, scales, selectable fields.

That is the part of Kubernetes' JSONPath (``client-go/util/jsonpath``) with which one value is named: members,
indexes, all items, and items chosen by one comparison (``.status.conditions[?(@.type=="Ready")].status``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(
    r"""
      \.(?P<member>(?:[^.\[\]\\]|\\.)+)
    | \[\s*(?P<quote>['"])(?P<quoted>(?:\\.|(?!(?P=quote)).)*)(?P=quote)\s*\]
    | \[\s*(?P<index>-?\d+)\s*\]
    | \[\s*(?P<all>\*)\s*\]
    | \[\?\(\s*@(?P<chosen>(?:\.[^.\[\]\\=!<>\s]+)+)\s*
        (?:(?P<op>==|!=)\s*(?P<wanted>"[^"]*"|'[^']*'|[^)\s]+)\s*)?\)\]
    """,
    re.VERBOSE,
)


class BadPath(ValueError):
    """The text is no path of this kind."""


@dataclass(frozen=True, slots=True)
class _Choice:
    path: tuple[str, ...]
    op: str
    wanted: Any


_Step = str | int | _Choice | None
"""A member, an index, chosen items, or (None) all items."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A path that has been read."""

    steps: tuple[_Step, ...]

    @classmethod
    def parse(cls, text: str) -> JsonPath:
        """Read a path, such as ``.spec.replicas``; raises BadPath."""
        steps: list[_Step] = []
        place = 0
        while place < len(text) and text != ".":
            found = _STEP.match(text, place)
            if found is None:
                raise BadPath(f"cannot be read from {text[place:]!r} on")
            steps.append(_step(found))
            place = found.end()
        return cls(tuple(steps))

    @property
    def members(self) -> tuple[str, ...] | None:
        """The names on the way, where there is nothing else in the path."""
        names = tuple(step for step in self.steps if isinstance(step, str))
        return names if len(names) == len(self.steps) else None

    def first(self, value: Any) -> Any:
        """Give the first value that the path leads to; None where it leads to nothing."""
        return next(self.values(value), None)

    def values(self, value: Any) -> Iterator[Any]:
        """Give all values that the path leads to."""
        return _walk(self.steps, value)


def _step(found: re.Match[str]) -> _Step:
    if (member := found["member"]) is not None:
        return None if member == "*" else re.sub(r"\\(.)", r"\1", member)
    if (quoted := found["quoted"]) is not None:
        return re.sub(r"\\(.)", r"\1", quoted)
    if (index := found["index"]) is not None:
        return int(index)
    if (chosen := found["chosen"]) is not None:
        return _Choice(tuple(chosen[1:].split(".")), found["op"] or "", _literal(found["wanted"]))
    return None


def _literal(text: str | None) -> Any:
    if text is None:
        return None
    if text[0] in "\"'":
        return text[1:-1]
    try:
        return json.loads(text)
    except ValueError as exc:
        raise BadPath(f"unrecognized identifier {text}") from exc


def _walk(steps: Sequence[_Step], value: Any) -> Iterator[Any]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    for child in _children(step, value):
        yield from _walk(rest, child)


def _children(step: _Step, value: Any) -> Iterator[Any]:
    match step, value:
        case str(), dict() if step in value:
            yield value[step]
        case int(), list() if -len(value) <= step < len(value):
            yield value[step]
        case None, list():
            yield from value
        case None, dict():
            yield from value.values()
        case _Choice(), list():
            yield from (item for item in value if _is_chosen(step, item))
        case _:
            pass


def _is_chosen(choice: _Choice, item: Any) -> bool:
    found = next(_walk(choice.path, item), None)
    if not choice.op:
        return found is not None
    return found is not None and (found == choice.wanted) == (choice.op == "==")


def with_value(value: Mapping[str, Any], path: Sequence[str], new: Any) -> dict[str, Any]:
    """Give a copy of an object with another value at a path of members; what is missing on the way is made."""
    name, *rest = path
    inner = value.get(name)
    changed = with_value(inner if isinstance(inner, dict) else {}, rest, new) if rest else new
    return {**value, name: changed}
