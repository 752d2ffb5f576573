"""Shows what ``up`` is doing as it does it: one line a step, with its time and outcome."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


class Steps:
    """Prints the steps of a command."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show a step while it runs, and how long it took."""
        started = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(text):
                yield
        else:
            yield
        self._console.print(f"[green]✓[/] {text} ({time.monotonic() - started:.1f} s)")

    def note(self, text: str) -> None:
        """Say something that is no step."""
        self._console.print(text, markup=False)
