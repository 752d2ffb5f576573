"""All commands of ``edgeorch``, put together; a user's mistake ends as one line and an exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

import typer

from edgeorch.cli.output import stderr
from edgeorch.errors import ApiError, EdgeorchError, UserError

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "up_commands": ("up", "down"),
    "simulate_command": ("simulate",),
    "object_commands": ("get", "apply", "delete", "describe", "logs"),
    "token_commands": ("token",),
    "agent_commands": ("agent",),
    "config_command": ("config",),
    "version_command": ("version",),
}
"""Modules, in the order of the help, and the commands that each of them registers."""


def build(word: str = "") -> typer.Typer:
    """Put the application together: all commands, or of those only the module that ``word`` names one of.

    Importing all of it takes seconds on a small board, and most commands need little of it.
    """
    app = typer.Typer(
        name="edgeorch",
        help="Kubernetes for single-board computers.",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        result_callback=_exit,
    )
    app.callback()(lambda: None)  # keeps a command that is alone in its module a command
    named = [module for module, commands in COMMANDS.items() if word in commands]
    for module in named or COMMANDS:
        import_module(f"edgeorch.cli.{module}").register(app)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run a command line; gives the exit code.

    Typer itself tells of wrong usage and interrupts: which click its errors come from (its own, or the package)
    depends on its version.
    """
    try:
        build(arguments[0] if arguments else "")(list(arguments), prog_name="edgeorch")
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 0
    except ApiError as exc:
        stderr().print(f"Error from server ({exc.reason}): {exc}", markup=False)
        return 1
    except UserError as exc:
        stderr().print(f"error: {exc}", markup=False)
        return exc.exit_code
    except EdgeorchError as exc:
        stderr().print(f"error: {exc}", markup=False)
        return 1
    return 0


def _exit(code: object) -> None:
    """Take what a command returned for the exit code."""
    raise typer.Exit(code if isinstance(code, int) else 0)
