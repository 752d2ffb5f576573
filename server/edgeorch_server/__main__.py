"""``python -m edgeorch_server``: the control plane as a process."""

from __future__ import annotations

import os
import sys
from functools import partial

from edgeorch.config.flags import parse_flags
from edgeorch.config.settings import ServerSettings, load_server_settings
from edgeorch.daemon import Main, run_daemon
from edgeorch_server.control_plane import run


def start() -> tuple[Main, str, str]:
    """Read the settings of flags, environment and file."""
    about = "The edgeorch control plane."
    flags, file = parse_flags(ServerSettings, sys.argv[1:], prog="edgeorch server", about=about)
    settings = load_server_settings(flags, os.environ, file)
    return partial(run, settings), settings.log_level, settings.log_format


if __name__ == "__main__":
    sys.exit(run_daemon(start, fast_loop=True))
