"""All commands of ``edgeorch``, put together; a user's mistake ends as one line and an exit code."""

from __future__ import annotations

from collections.abc import Sequence

import click
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

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""


def build() -> typer.Typer:
    """Put the application together."""
    app = typer.Typer(
        name="edgeorch",
        help="Kubernetes for single-board computers.",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
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
    """Run a command line; gives the exit code."""
    try:
        result = build()(list(arguments), prog_name="edgeorch", standalone_mode=False)
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except ApiError as exc:
        stderr().print(f"Error from server ({exc.reason}): {exc}", markup=False)
        return 1
    except UserError as exc:
        stderr().print(f"error: {exc}", markup=False)
        return exc.exit_code
    except EdgeorchError as exc:
        stderr().print(f"error: {exc}", markup=False)
        return 1
    return result if isinstance(result, int) else 0
