"""``edgeorch up`` and ``edgeorch down``."""

from __future__ import annotations

import contextlib
import shutil
import signal
from pathlib import Path
from typing import Annotated

import typer

from edgeorch.cli.join import default_node_name
from edgeorch.cli.output import stdout
from edgeorch.cli.up.cluster import LocalCluster, Wishes
from edgeorch.cli.up.layout import ClusterFolder
from edgeorch.cli.up.steps import Steps

DataDir = Annotated[Path, typer.Option("--data-dir", help="Folder that holds everything of the cluster.")]
DEFAULT_FOLDER = Path(".edgeorch")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(down)


def up(
    *,
    data_dir: DataDir = DEFAULT_FOLDER,
    api_port: Annotated[int | None, typer.Option(help="Port of the API; 6443 at first.")] = None,
    mqtt_port: Annotated[int | None, typer.Option(help="Port of the broker; 8883 at first.")] = None,
    node_name: Annotated[str | None, typer.Option(help="Name of the node; this box's at first.")] = None,
    nodes: Annotated[
        int | None, typer.Option(min=1, max=50, help="How many nodes to try a fleet with.")
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach/--foreground", help="Leave it running, or stop it with Ctrl-C.")
    ] = True,
) -> int:
    """Start a cluster on this box: control plane, broker and agent, and a first pod."""
    console = stdout()
    folder = ClusterFolder(data_dir)
    cluster = LocalCluster(folder, Steps(console))
    cluster.up(Wishes(api_port, mqtt_port, node_name, nodes), default_node_name())
    tool = "kubectl" if shutil.which("kubectl") else "edgeorch"
    console.print("It listens on this box only. Try:", markup=False)
    console.print(f"  export KUBECONFIG={folder.kubeconfig.resolve()}", markup=False)
    for command in ("get pods -o wide", "logs hello", "describe node"):
        console.print(f"  {tool} {command}", markup=False)
    if not detach:
        console.print("Ctrl-C stops it.", markup=False)
        with contextlib.suppress(KeyboardInterrupt):
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
        cluster.down()
    return 0


def down(*, data_dir: DataDir = DEFAULT_FOLDER) -> int:
    """Stop everything that `edgeorch up` started; what was applied comes back with the next `up`."""
    LocalCluster(ClusterFolder(data_dir), Steps(stdout())).down()
    return 0
