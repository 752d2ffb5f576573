"""``edgeorch version``."""

from __future__ import annotations

import typer

from edgeorch import __version__
from edgeorch.cli.output import stdout


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(version)


def version() -> int:
    """Print the version of this program."""
    stdout().print(f"edgeorch {__version__}", markup=False)
    return 0
