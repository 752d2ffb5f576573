"""Columns of custom resources (``tableconvertor.go`` of apiextensions-apiserver), and of their definitions."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from edgeorch.api.apiextensions.definition import CustomResourceColumnDefinition
from edgeorch.api.custom.json_path import JsonPath
from edgeorch.api.custom.kind import CustomVersion
from edgeorch_server.apiserver.printers.columns import (
    NAME,
    Column,
    JsonObject,
    Printer,
    age_of,
    name_of,
    since,
)

Cell = Callable[[JsonObject, dt.datetime], Any]

_AGE = Column("Age", "Time since the object was created.", type="date")
DEFINITIONS = Printer(
    (NAME, Column("Created At", "When the definition was created.", type="date")),
    lambda body, _now: [name_of(body), (body.get("metadata") or {}).get("creationTimestamp")],
)


def custom_printer(version: CustomVersion) -> Printer:
    """Make the printer of a version: the name, then the columns that it names, or the age."""
    if not version.columns:
        return Printer((NAME, _AGE), lambda body, now: [name_of(body), age_of(body, now)])
    columns = [_column(column) for column in version.columns]
    cells = [_cell(column) for column in version.columns]
    return Printer((NAME, *columns), lambda body, now: [name_of(body), *(cell(body, now) for cell in cells)])


def _column(column: CustomResourceColumnDefinition) -> Column:
    description = (
        column.description or f"Custom resource definition column (in JSONPath format): {column.jsonPath}"
    )
    return Column(column.name, description, column.type, column.format, column.priority)


def _cell(column: CustomResourceColumnDefinition) -> Cell:
    path = JsonPath.parse(column.jsonPath)

    def cell(body: JsonObject, now: dt.datetime) -> Any:
        return _shown(column.type, path.first(body), now)

    return cell


def _shown(kind: str, value: Any, now: dt.datetime) -> Any:
    """Write a value as a column of its type does; None where it does not fit (``cellForJSONValue``)."""
    match kind, value:
        case _, None:
            return None
        case "string", str():
            return value
        case "string", _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        case "boolean", bool():
            return value
        case (("integer" | "number"), bool()):
            return None
        case "integer", int() | float():
            return int(value)
        case "number", int() | float():
            return value
        case "date", str():
            try:
                return since(value, now)
            except ValueError:
                return "<invalid>"
        case _:
            return None
