"""``edgeorch config``: what a daemon started here and now would run with."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from edgeorch.cli.output import stdout
from edgeorch.config.load import Settings, render
from edgeorch.config.settings import load_agent_settings, load_server_settings


class Role(StrEnum):
    """Whose configuration."""

    SERVER = "server"
    AGENT = "agent"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(config)


def config(
    role: Annotated[Role, typer.Argument(help="server or agent")],
    *,
    file: Annotated[Path | None, typer.Option("--config", help="Configuration file.")] = None,
) -> int:
    """Print the effective configuration, in a form that a configuration file can have."""
    settings: Settings = (
        load_server_settings({}, os.environ, file)
        if role is Role.SERVER
        else load_agent_settings({}, os.environ, file)
    )
    stdout().out(render(settings), end="", highlight=False)
    return 0
