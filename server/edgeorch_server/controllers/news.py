"""What is the matter with an object is told when it begins, not again with every look (level-based events)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Note:
    """An event to record."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    about: str = ""
    """Of which time: of another one, the same is news again."""


class Told:
    """What the last look at each object found worth an event; forgotten when the process ends."""

    def __init__(self) -> None:
        self._notes: dict[Hashable, frozenset[Note]] = {}

    def news(self, key: Hashable, notes: Iterable[Note]) -> list[Note]:
        """Give those that the last look did not find, and remember what this one did."""
        notes = list(notes)
        before = self._notes.pop(key, frozenset())
        if notes:
            self._notes[key] = frozenset(notes)
        return [note for note in notes if note not in before]

    def forget(self, key: Hashable) -> None:
        """Drop what is known of an object that is gone."""
        self._notes.pop(key, None)
