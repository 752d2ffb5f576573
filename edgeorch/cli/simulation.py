"""A simulated fleet on one box: control plane, broker, TLS and agents are real, the boards are not."""

from __future__ import annotations

import datetime as dt
import os
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgeorch.cli.access import load_access
from edgeorch.cli.join import write_agent_config
from edgeorch.cli.rest import RestClient
from edgeorch.cli.up import processes
from edgeorch.cli.up.layout import ClusterFolder
from edgeorch.cli.up.server import LocalServer, stop_server
from edgeorch.cli.up.steps import Steps
from edgeorch.cli.up.waiting import wait
from edgeorch.config.agent_files import AgentFiles
from edgeorch.config.settings import AgentSettings
from edgeorch.errors import UserError
from edgeorch.pki import PkiFolder, create_client, node_subject

LABEL = "edgeorch.io/simulated"
_NODES_PER_PROCESS = 500
_FILES_PER_NODE = 6
"""Open ones of an agent: its connection, its checkpoint, and some to spare."""
_SECONDS_PER_NODE = 0.5
"""Patience with a fleet that starts."""
_POLL = 1.0
_POLL_PER_NODE = 0.001
"""Seconds between looks: the larger the fleet, the more each look costs the server."""


@dataclass(frozen=True, slots=True)
class FleetShape:
    """What fleet there is to be."""

    nodes: int
    processes: int = 0
    """Among how many the nodes are shared; 0: as many as the machine has use for."""
    heartbeat_seconds: float = 30.0
    environ: Mapping[str, str] = field(default_factory=dict)
    """Settings of the server (``EDGEORCH_*``), besides those of this process."""

    @property
    def parts(self) -> int:
        """How many processes there are."""
        return self.processes or min(os.cpu_count() or 1, -(-self.nodes // _NODES_PER_PROCESS))


class Simulation:
    """One simulated cluster in one folder."""

    def __init__(self, folder: ClusterFolder, steps: Steps) -> None:
        self._folder = folder
        self._steps = steps

    def up(self, shape: FleetShape, api_port: int, mqtt_port: int) -> None:
        """Start everything that does not run, and return once all nodes are Ready. Raises UserError."""
        nodes = shape.nodes
        _allow_open_files(shape)
        self._folder.create()
        with self._steps.step("Start the control plane"):
            environ = {**os.environ, **shape.environ}
            LocalServer(self._folder, api_port, mqtt_port, environ=environ).start()
        with self._steps.step(f"Make certificates for {nodes} nodes"):
            self._make_nodes(shape, f"mqtts://127.0.0.1:{mqtt_port}")
        with self._steps.step(f"Start {nodes} agents and wait until their nodes are Ready"):
            agents = self._start_agents(shape)
            with RestClient(load_access(self._folder.kubeconfig)) as client:
                patience = 60 + nodes * _SECONDS_PER_NODE
                wait(
                    self._folder,
                    agents,
                    f"the fleet of {nodes} nodes",
                    lambda: _ready(client) >= nodes,
                    patience=patience,
                    poll=_POLL + nodes * _POLL_PER_NODE,
                )

    def down(self) -> None:
        """Stop everything; the state stays."""
        with self._steps.step("Stop the agents"):
            found = [
                processes.find(file) for file in self._folder.pid_files() if file.stem.startswith("agents-")
            ]
            running = [process for process in found if process is not None]
            for process in running:
                process.stop(grace=0)
        with self._steps.step("Stop the control plane"):
            stop_server(self._folder)
        for file in self._folder.pid_files():
            file.unlink(missing_ok=True)

    def _make_nodes(self, shape: FleetShape, mqtt_url: str) -> None:
        """Give each node its files. The cluster's CA is at hand, so nobody needs to join."""
        now = dt.datetime.now(dt.UTC)
        ca = PkiFolder(self._folder.server / "pki", lambda: now).ensure_ca()
        for number in range(1, shape.nodes + 1):
            name = f"sim-{number:05}"
            data_dir = self._folder.node(name).resolve()
            files = AgentFiles(data_dir)
            if not files.certificate.exists():
                pair = create_client(ca, node_subject(name), now)
                files.certificate.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                files.ca.write_bytes(ca.certificate)
                files.key.write_bytes(pair.key)
                files.certificate.write_bytes(pair.certificate)
            settings = AgentSettings(
                node_name=name,
                data_dir=data_dir,
                mqtt_url=mqtt_url,
                run_dir=data_dir / "run",
                node_ip=f"10.{64 + number // 65536}.{number // 256 % 256}.{number % 256}",
                labels={LABEL: "true"},
                heartbeat_seconds=shape.heartbeat_seconds,
            )
            write_agent_config(data_dir / "agent.toml", settings)

    def _start_agents(self, shape: FleetShape) -> list[str]:
        """Start processes that share the nodes among them, where they do not run yet, and give their names."""
        names = [agents_process(part) for part in range(shape.parts)]
        for part, name in enumerate(names):
            if processes.find(self._folder.pid_file(name)) is not None:
                continue
            command = [sys.executable, "-m", "edgeorch_agent.simulation", str(self._folder.root / "nodes")]
            processes.start(
                [*command, f"--nodes={shape.nodes}", f"--part={part}", f"--parts={shape.parts}"],
                pid_file=self._folder.pid_file(name),
                log_file=self._folder.log_file(name),
                environ=os.environ,
            )
        return names


def agents_process(part: int) -> str:
    """Name the process that runs a part of the nodes: those whose place in the fleet leaves this remainder."""
    return f"agents-{part}"


def _ready(client: RestClient) -> int:
    """Count the nodes that are Ready."""
    nodes = client.request("GET", f"/api/v1/nodes?labelSelector={LABEL}=true")["items"]
    conditions = (c for node in nodes for c in node.get("status", {}).get("conditions", ()))
    return sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _allow_open_files(shape: FleetShape) -> None:
    """Raise our limit of open files, which what we start inherits. Raises UserError when that may not be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    agents = _FILES_PER_NODE * -(-shape.nodes // shape.parts)
    wanted = max(agents, shape.nodes) + 1024  # the broker has one for each node
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise UserError(
            f"{shape.nodes} nodes need {wanted} open files in a process, and {hard} are allowed here: "
            "see `ulimit -Hn`"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
