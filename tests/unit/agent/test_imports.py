"""What an agent may need to be installed: its own extra, nothing of the server's or the command line's."""

import subprocess
import sys

import pytest

NOT_THE_AGENTS = (
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "wsproto",
    "orjson",
    "yaml",
    "typer",
    "rich",
    "httpx",
)
SCRIPT = """
import sys
for name in {blocked!r}:
    sys.modules[name] = None  # importing it fails now
import {module}
loaded = [name for name in sys.modules if name.startswith("edgeorch_server")]
assert not loaded, loaded
"""


@pytest.mark.parametrize("module", ["edgeorch_agent.agent", "edgeorch_agent.own_podman", "edgeorch.cli.main"])
def test_the_agent_starts_without_the_servers_packages(module: str) -> None:
    """`pip install edgeorch[agent]` is enough to run an agent."""
    script = SCRIPT.format(blocked=NOT_THE_AGENTS, module=module)
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
