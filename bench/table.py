"""Rows of figures, each beside its baseline and its target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison, or the reason why there is none."""

    metric: str
    """What was measured, with its unit."""
    ours: float | None = None
    """None when it could not be measured here: ``note`` says why."""
    baseline: str = ""
    """Name of what ours is compared with; "published" in it means: not measured here, other hardware."""
    value: float | None = None
    """The baseline's figure."""
    lower_is_better: bool = False
    target: float | None = None
    """The figure that ours should reach."""
    target_ratio: float | None = None
    """How many times better than the baseline ours should be."""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times better ours is; below 1 it is worse. None without a baseline."""
        if self.ours is None or self.value is None:
            return None
        better, worse = (self.value, self.ours) if self.lower_is_better else (self.ours, self.value)
        return better / worse if worse else float("inf")

    @property
    def reached(self) -> bool | None:
        """Whether every target of the row is reached; None when it has none, or nothing was measured."""
        if self.ours is None:
            return None
        reached = []
        if self.target is not None:
            reached.append(self.ours <= self.target if self.lower_is_better else self.ours >= self.target)
        if self.target_ratio is not None and self.ratio is not None:
            reached.append(self.ratio >= self.target_ratio)
        return all(reached) if reached else None

    def cells(self) -> tuple[str, ...]:
        """Give the row's columns as text."""
        wanted = []
        if self.target is not None:
            wanted.append(f"{'<=' if self.lower_is_better else '>='} {_number(self.target)}")
        if self.target_ratio is not None:
            wanted.append(f">= {self.target_ratio:,g}x")
        ratio = f"{self.ratio:,.2f}x" if self.ratio is not None else ""
        verdict = {True: "ok", False: "MISSED", None: ""}[self.reached]
        return (
            self.metric,
            _number(self.ours),
            self.baseline,
            _number(self.value),
            ratio,
            ", ".join(wanted),
            verdict,
            self.note,
        )


_HEADER = ("metric", "ours", "baseline", "its value", "ratio", "target", "", "note")
_TEXT_COLUMNS = frozenset({0, 2, 5, 6, 7})


def render(rows: Iterable[Row]) -> str:
    """Write rows as an aligned table."""
    cells = [_HEADER, *(row.cells() for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEADER))]
    lines = []
    for row in cells:
        padded = [
            text.ljust(width) if column in _TEXT_COLUMNS else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
