"""The ``edgeorch`` command.

Daemons are not run in this process: ``edgeorch server`` and ``edgeorch agent`` execute their packages, so that
the command line's libraries are not in their memory, and an agent works without them being installed.
"""

from __future__ import annotations

import os
import sys

MODULES = {
    ("agent", "podman"): "edgeorch_agent.own_podman",
    ("agent", "join"): "",
    ("agent", "--help"): "",
    ("server",): "edgeorch_server",
    ("agent",): "edgeorch_agent",
}
"""Beginnings of command lines, and the module that is executed for them; none means: a command of ours."""


def main() -> None:
    """Run the command; exits with its code."""
    arguments = sys.argv[1:]
    for words, module in MODULES.items():
        if tuple(arguments[: len(words)]) == words:
            if module:
                command = [sys.executable, "-m", module, *arguments[len(words) :]]
                os.execv(sys.executable, command)  # noqa: S606 (our own interpreter)
            break
    try:
        from edgeorch.cli.app import run  # noqa: PLC0415 (typer is an extra that a daemon lacks)
    except ModuleNotFoundError as exc:
        print(f"error: {exc.name} is missing: install edgeorch[cli]", file=sys.stderr)
        sys.exit(1)
    sys.exit(run(arguments))
