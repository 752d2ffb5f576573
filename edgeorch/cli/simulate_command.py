"""``edgeorch simulate``."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from edgeorch.cli.output import stdout
from edgeorch.cli.simulation import FleetShape, Simulation
from edgeorch.cli.up.layout import ClusterFolder
from edgeorch.cli.up.steps import Steps

DEFAULT_FOLDER = Path(".edgeorch-simulation")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(simulate)


def simulate(
    *,
    nodes: Annotated[int, typer.Option(min=1, max=20_000, help="How many nodes.")] = 100,
    data_dir: Annotated[Path, typer.Option(help="Folder that holds everything of it.")] = DEFAULT_FOLDER,
    api_port: Annotated[int, typer.Option(help="Port of the API.")] = 6443,
    mqtt_port: Annotated[int, typer.Option(help="Port of the broker.")] = 8883,
) -> int:
    """Run a cluster of simulated nodes until Ctrl-C: their containers are made up, everything else is real."""
    console = stdout()
    folder = ClusterFolder(data_dir)
    simulation = Simulation(folder, Steps(console))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        simulation.up(FleetShape(nodes), api_port, mqtt_port)
        console.print("Ctrl-C stops it. Try:", markup=False)
        console.print(f"  export KUBECONFIG={folder.kubeconfig.resolve()}", markup=False)
        console.print("  kubectl create deployment web --image=web --replicas=1000", markup=False)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        simulation.down()
    return 0
