"""What commands print: tables, JSON, YAML, names. Colours and progress only when a person is watching."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edgeorch.cli.kinds import Kind


class Format(StrEnum):
    """Values of ``-o``."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


_GOOD = frozenset({"Running", "Ready", "Active", "Completed", "Succeeded", "Normal"})
_BAD = ("Error", "Failed", "BackOff", "NotReady", "Unknown", "Warning", "Evicted", "OOMKilled", "ErrImage")


def stdout() -> Console:
    """Make the console of a command: plain text unless it is a terminal, and never wrapped there."""
    return Console(highlight=False, soft_wrap=True)


def stderr() -> Console:
    """Make the console for messages to a person."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_document(console: Console, form: Format, document: Any) -> None:
    """Print JSON or YAML as kubectl lays them out."""
    if form is Format.JSON:
        text = json.dumps(document, indent=4) + "\n"
    else:
        text = yaml.safe_dump(document, sort_keys=True, default_flow_style=False)
    console.out(text, end="", highlight=False)


def print_names(console: Console, kind: Kind, names: Iterable[str]) -> None:
    """Print ``TYPE/NAME`` lines."""
    for name in names:
        console.out(f"{kind.qualified}/{name}", highlight=False)


def print_table(console: Console, table: dict[str, Any], *, wide: bool, with_namespace: bool) -> None:
    """Print a server-side Table (meta.k8s.io/v1): columns of priority 0, all of them when wide."""
    shown = [
        index
        for index, column in enumerate(table["columnDefinitions"])
        if wide or column.get("priority", 0) == 0
    ]
    headers = [table["columnDefinitions"][index]["name"].upper() for index in shown]
    rows = [
        [*([_namespace(row)] if with_namespace else []), *(_cell(row["cells"][index]) for index in shown)]
        for row in table.get("rows") or ()
    ]
    print_rows(console, [*(["NAMESPACE"] if with_namespace else []), *headers], rows)


def print_rows(console: Console, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns, three blanks apart, as kubectl does; on a terminal with colours."""
    if console.is_terminal:
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
        for header in headers:
            table.add_column(header, no_wrap=True)
        for row in rows:
            table.add_row(*(_coloured(cell) for cell in row))
        console.print(table)
        return
    widths = [max(len(line[i]) for line in (headers, *rows)) for i in range(len(headers))]
    for line in (headers, *rows):
        text = "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        console.out(text.rstrip(), highlight=False)


def _namespace(row: dict[str, Any]) -> str:
    return str(row.get("object", {}).get("metadata", {}).get("namespace", ""))


def _cell(value: Any) -> str:
    return "<none>" if value is None else str(value)


def _coloured(cell: str) -> Text:
    if cell in _GOOD:
        return Text(cell, style="green")
    if any(word in cell for word in _BAD):
        return Text(cell, style="red")
    return Text(cell)
