"""A cluster of ``edgeorch simulate`` for benchmarks: all processes are real, the boards are not."""

from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console

from edgeorch.cli.simulation import FleetShape, Simulation, agents_process
from edgeorch.cli.up import processes
from edgeorch.cli.up.layout import ClusterFolder
from edgeorch.cli.up.server import SERVER
from edgeorch.cli.up.steps import Steps
from tests.fakes.mosquitto import free_port
from tests.lab import proc

_MISSED = re.compile(r"heartbeats that did not arrive: (\d+)")


class SimulatedCluster:
    """One of them, in one folder."""

    def __init__(self, root: Path, shape: FleetShape) -> None:
        self.shape = shape
        self.folder = ClusterFolder(root)
        self.api_port, self._mqtt_port = free_port(), free_port()
        self._simulation = Simulation(self.folder, Steps(Console(quiet=True)))

    def up(self) -> None:
        """Start what does not run, and wait until all nodes are Ready."""
        self._simulation.up(self.shape, self.api_port, self._mqtt_port)

    def down(self) -> None:
        """Stop everything."""
        self._simulation.down()

    @property
    def server(self) -> processes.Process:
        """Give the control plane's process."""
        return self._running(SERVER)

    @property
    def broker_pid(self) -> int:
        """Find Mosquitto, the server's child."""
        return next(pid for pid in proc.children(self.server.pid) if proc.name(pid) == "mosquitto")

    def agents(self, part: int) -> processes.Process:
        """Give the process that runs a part of the nodes."""
        return self._running(agents_process(part))

    def nodes_of(self, part: int) -> tuple[str, ...]:
        """Name the nodes that such a process runs."""
        names = sorted(path.name for path in self.folder.node("x").parent.iterdir())
        return tuple(names[part :: self.shape.parts])

    def missed_heartbeats(self) -> int:
        """Count the heartbeats that the server has told of as missing."""
        log = self.folder.log_file(SERVER).read_text(errors="replace")
        return sum(int(missed[1]) for missed in _MISSED.finditer(log))

    def _running(self, name: str) -> processes.Process:
        found = processes.find(self.folder.pid_file(name))
        assert found is not None, f"{name} does not run"
        return found
