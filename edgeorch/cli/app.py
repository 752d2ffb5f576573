"""All commands of ``edgeorch``, put together; a user's mistake ends as one line and an exit code."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from edgeorch.cli import (
    agent_commands,
    config_command,
    object_commands,
    token_commands,
    up_commands,
    version_command,
)
from edgeorch.cli.output import stderr
from edgeorch.errors import ApiError, EdgeorchError, UserError


def build() -> typer.Typer:
    """Put the application together."""
    app = typer.Typer(
        name="edgeorch",
        help="Kubernetes for single-board computers.",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        result_callback=_exit,
    )
    for module in (
        up_commands,
        object_commands,
        token_commands,
        agent_commands,
        config_command,
        version_command,
    ):
        module.register(app)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run a command line; gives the exit code.

    Typer itself tells of wrong usage and interrupts: which click its errors come from (its own, or the package)
    depends on its version.
    """
    try:
        build()(list(arguments), prog_name="edgeorch")
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
