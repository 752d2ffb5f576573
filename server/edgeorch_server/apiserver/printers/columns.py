"""What a printer is: columns, and a function from an object to its cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgeorch.api.durations import human_duration
from edgeorch.api.meta import parse_time

JsonObject = dict[str, Any]

Cells = Callable[[JsonObject, dt.datetime], list[Any]]
"""From a decoded object and the time now to a row, as many cells as there are columns."""

NONE = "<none>"
UNKNOWN = "<unknown>"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a Table (meta/v1 TableColumnDefinition)."""

    name: str
    description: str
    type: str = "string"
    """An OpenAPI type."""
    format: str = ""
    """``name`` marks the column that identifies the object."""
    priority: int = 0
    """Above 0 only ``-o wide`` shows it."""

    def to_dict(self) -> JsonObject:
        """Give the definition as it stands on the wire."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


@dataclass(frozen=True, slots=True)
class Printer:
    """How a kind is shown."""

    columns: tuple[Column, ...]
    cells: Cells


NAME = Column("Name", "Name of the object, unique in its namespace.", format="name")
AGE = Column("Age", "Time since the object was created.")


def name_of(body: JsonObject) -> str:
    """Read an object's name."""
    return str((body.get("metadata") or {}).get("name") or "")


def age_of(body: JsonObject, now: dt.datetime) -> str:
    """Write the time since an object was created."""
    return since((body.get("metadata") or {}).get("creationTimestamp"), now)


def since(time: str | None, now: dt.datetime) -> str:
    """Write the time since a Time or MicroTime (``translateTimestampSince``)."""
    return human_duration(now - parse_time(time)) if time else UNKNOWN
