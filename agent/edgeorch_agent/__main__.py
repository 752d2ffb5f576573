"""``python -m edgeorch_agent``: the agent as a process."""

from __future__ import annotations

import os
import sys
from functools import partial

from edgeorch.config.flags import parse_flags
from edgeorch.config.settings import AgentSettings, load_agent_settings
from edgeorch.daemon import Main, run_daemon
from edgeorch_agent.agent import run


def start() -> tuple[Main, str, str]:
    """Read the settings of flags, environment and file."""
    about = "The edgeorch agent of one node."
    flags, file = parse_flags(AgentSettings, sys.argv[1:], prog="edgeorch agent", about=about)
    settings = load_agent_settings(flags, os.environ, file)
    return partial(run, settings), settings.log_level, settings.log_format


if __name__ == "__main__":
    # What volumes are made of must be readable by whoever containers run as; our own state is behind a folder
    # that is not.
    os.umask(0o022)
    sys.exit(run_daemon(start))
