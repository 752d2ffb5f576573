"""``edgeorch agent join``: run on a new board."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from edgeorch.cli.join import default_node_name, join, write_agent_config
from edgeorch.cli.output import stdout
from edgeorch.config.settings import AGENT_DATA, AGENT_FILE, AgentSettings
from edgeorch.errors import UserError
from edgeorch.join_token import JoinToken

UNIT = "edgeorch-agent.service"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Run the agent of this board, or join it to a cluster.", no_args_is_help=True)
    group.callback()(lambda: None)  # keeps `join` a sub-command although it is the only one
    group.command("join")(join_command)
    app.add_typer(group, name="agent")


def join_command(
    server: Annotated[str, typer.Argument(help="Where the server's API is: https://box:6443")],
    *,
    token: Annotated[str, typer.Option(help="What `edgeorch token create` printed on the server.")],
    node_name: Annotated[str, typer.Option(help="Name of this node; its host name if not given.")] = "",
    data_dir: Annotated[Path, typer.Option(help="Folder for the agent's state.")] = AGENT_DATA,
    config: Annotated[Path, typer.Option(help="Configuration file to write.")] = AGENT_FILE,
    node_label: Annotated[list[str] | None, typer.Option(help="KEY=VALUE; may be repeated.")] = None,
    start: Annotated[bool, typer.Option(help="Enable and start the systemd unit.")] = True,
) -> int:
    """Join this board to a cluster."""
    console = stdout()
    labels = dict(_label(text) for text in node_label or ())
    joined = join(server, JoinToken.parse(token), node_name or default_node_name(), data_dir)
    write_agent_config(
        config,
        AgentSettings(
            node_name=joined.node_name,
            data_dir=data_dir,
            mqtt_url=joined.mqtt_url,
            mqtt_root=joined.mqtt_root,
            labels=labels,
        ),
    )
    console.print(f"joined as node {joined.node_name}; wrote {config}", markup=False)
    if start:
        _start_unit()
        console.print(f"started {UNIT}; `kubectl get nodes` shows the board in a moment", markup=False)
    return 0


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UserError(f"--node-label takes KEY=VALUE, not {text!r}")
    return key, value


def _start_unit() -> None:
    if shutil.which("systemctl") is None:
        raise UserError(
            "there is no systemd here: run `edgeorch agent` yourself (--no-start says so to this command)"
        )
    done = subprocess.run(["systemctl", "enable", "--now", UNIT], check=False, capture_output=True, text=True)
    if done.returncode:
        raise UserError(
            f"the board has joined, but {UNIT} did not start: {done.stderr.strip()} "
            f"(see `journalctl -u {UNIT}`)"
        )
