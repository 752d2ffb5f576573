"""Rows of figures, each beside its baseline from the same run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison."""

    metric: str
    """What was measured, with its unit."""
    ours: float
    baseline: str
    """Name of what ours is compared with."""
    value: float
    """The baseline's figure."""
    lower_is_better: bool = False

    @property
    def ratio(self) -> float:
        """How many times better ours is; below 1 it is worse."""
        better, worse = (self.value, self.ours) if self.lower_is_better else (self.ours, self.value)
        return better / worse if worse else float("inf")


def render(rows: Iterable[Row]) -> str:
    """Write rows as an aligned table."""
    cells = [("metric", "ours", "baseline", "its value", "ratio")]
    cells += [(r.metric, _number(r.ours), r.baseline, _number(r.value), f"{r.ratio:,.2f}x") for r in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = []
    for row in cells:
        padded = [
            text.ljust(width) if column in {0, 2} else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
