"""The table of messages: which number is which field, kept as text in ``messages.txt``.

It is read when the first such body comes, and a message's lines are taken apart when the message is first met:
most clients send one or two kinds.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files


class Shape(enum.Enum):
    """How often a field occurs, and how JSON shows it."""

    ONE = ""
    LIST = "[]"
    MAP = "{}"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message."""

    name: str
    """In JSON; empty for a message whose fields are its parent's own."""
    type: str
    """A scalar's word (``string``, ``Quantity``...) or the name of a message."""
    shape: Shape = Shape.ONE
    pointer: bool = False
    """A zero that is sent stands; of other fields it means absent."""

    @property
    def is_message(self) -> bool:
        """Whether it has fields of its own."""
        return "." in self.type


Message = Mapping[int, Field]

_LINE = re.compile(r"(?P<number>\d+) (?P<name>\S+) (?P<shape>\[\]|{}|)(?P<type>[\w./]+)(?P<pointer>\??)")


class Messages:
    """All known messages, by ``GROUP/VERSION.KIND``."""

    def __init__(self, text: str) -> None:
        blocks = (block.partition("\n") for block in text.split("\n\n") if not block.startswith("#"))
        self._texts = {name: lines for name, _, lines in blocks}
        self._messages: dict[str, Message] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._texts

    def __getitem__(self, name: str) -> Message:
        if name not in self._messages:
            self._messages[name] = dict(_field(name, line) for line in self._texts[name].splitlines())
        return self._messages[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)


def _field(message: str, line: str) -> tuple[int, Field]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"{message}: {line!r} is no field")
    kind = match["type"]
    return int(match["number"]), Field(
        name="" if match["name"] == "*" else match["name"],
        type=message.partition(".")[0] + kind if kind.startswith(".") else kind,
        shape=Shape(match["shape"]),
        pointer=bool(match["pointer"]),
    )


@functools.cache
def kubernetes_messages() -> Messages:
    """Read the table."""
    return Messages((files(__package__) / "messages.txt").read_text())
