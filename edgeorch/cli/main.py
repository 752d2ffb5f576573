"""The ``edgeorch`` command.

Daemons are not run in this process: ``edgeorch server`` and ``edgeorch agent`` execute their packages, so that
the command line's libraries are not in their memory, and an agent works without them being installed.
"""

from __future__ import annotations

import os
import sys

DAEMONS = {"server": "edgeorch_server", "agent": "edgeorch_agent"}
AGENT_COMMANDS = frozenset({"join", "--help", "-h"})
"""What follows ``agent`` when it is not the daemon that is meant."""


def main() -> None:
    """Run the command; exits with its code."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] in DAEMONS and not AGENT_COMMANDS & set(arguments[1:2]):
        command = [sys.executable, "-m", DAEMONS[arguments[0]], *arguments[1:]]
        os.execv(sys.executable, command)  # noqa: S606 (our own interpreter)
    try:
        from edgeorch.cli.app import run  # noqa: PLC0415 (typer is an extra that a daemon lacks)
    except ModuleNotFoundError as exc:
        print(f"error: {exc.name} is missing: install edgeorch[cli]", file=sys.stderr)
        sys.exit(1)
    sys.exit(run(arguments))
