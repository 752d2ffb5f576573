"""Topic names and topic filters (MQTT5 4.7): which subscription a topic belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


def check_name(topic: str) -> str:
    """Return a topic to publish to, or raise ValueError; a broker would end the connection (MQTT5 4.7.3)."""
    if not topic or any(c in topic for c in "+#\0"):
        raise ValueError(f"{topic!r} is no topic name: empty, or with one of + # NUL")
    return topic


def check(pattern: str) -> str:
    """Return a topic filter, or raise ValueError when MQTT5 4.7.1 forbids it."""
    levels = pattern.split("/")
    for place, text in enumerate(levels):
        if text == "#" and place == len(levels) - 1:
            continue
        if "#" in text or ("+" in text and text != "+"):
            raise ValueError(f"{pattern!r} is no topic filter")
    if not pattern or "\0" in pattern:
        raise ValueError(f"{pattern!r} is no topic filter")
    return pattern


def matches(pattern: str, topic: str) -> bool:
    """Tell whether a topic belongs to a filter."""
    wanted, given = pattern.split("/"), topic.split("/")
    if given[0].startswith("$") and wanted[0] in ("+", "#"):
        return False  # MQTT5 4.7.2
    for place, text in enumerate(wanted):
        if text == "#":
            return True
        if place >= len(given) or text not in ("+", given[place]):
            return False
    return len(wanted) == len(given)


class FilterMap(Generic[T]):
    """Values by topic filter. A bus has a handful of filters, so the search is a plain loop."""

    def __init__(self) -> None:
        self._values: dict[str, T] = {}

    def __setitem__(self, pattern: str, value: T) -> None:
        self._values[check(pattern)] = value

    def __getitem__(self, pattern: str) -> T:
        return self._values[pattern]

    def __contains__(self, pattern: str) -> bool:
        return pattern in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def pop(self, pattern: str) -> T | None:
        """Forget a filter."""
        return self._values.pop(pattern, None)

    def find(self, topic: str) -> list[T]:
        """Give the values of all filters that the topic belongs to."""
        return [value for pattern, value in self._values.items() if matches(pattern, topic)]
