"""The nodes of a cluster on one box: each with its folder, its Podman, and maybe namespaces of its own."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgeorch.cli.join import join, write_agent_config
from edgeorch.cli.up import processes
from edgeorch.cli.up.layout import ClusterFolder
from edgeorch.cli.up.namespaces import Board
from edgeorch.config.settings import AgentSettings
from edgeorch.errors import UserError
from edgeorch.join_token import JoinToken

POD_RANGES = ipaddress.ip_network("10.89.0.0/16")
"""Podman's own default range for networks beyond its first; each node on this box takes a /24 of it."""

_HOLDER_SECONDS = 10.0
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class LocalNode:
    """One node on this box. ``board`` is None for a node that shares the box's own namespaces."""

    folder: ClusterFolder
    name: str
    tag: str
    """The cluster's, for names of links."""
    board: Board | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """Of the processes that are started; settings in it (``EDGEORCH_*``) reach the agent."""

    @property
    def agent(self) -> str:
        """Name of the agent's process."""
        return f"agent-{self.name}"

    @property
    def holder(self) -> str:
        """Name of the process that holds the board's namespaces."""
        return f"board-{self.name}"

    @property
    def config(self) -> Path:
        """The agent's configuration file."""
        return self.folder.node(self.name) / "agent.toml"

    @property
    def run_dir(self) -> Path:
        """What the agent keeps in memory."""
        return Path("/run/edgeorch") / self.tag

    def joined(self) -> bool:
        """Whether the node has joined before."""
        return self.config.exists()

    def join(self, server: str, token: JoinToken, mqtt_url: str) -> None:
        """Join the cluster as any board would, and write the agent's configuration."""
        data_dir = self.folder.node(self.name).resolve()
        joined = join(server, token, self.name, data_dir)
        settings = AgentSettings(
            node_name=self.name,
            data_dir=data_dir,
            mqtt_url=mqtt_url,
            mqtt_root=joined.mqtt_root,
            podman_socket="",
            run_dir=self.run_dir,
            podman_bridge=self._bridge(),
            node_ip=self.board.address if self.board else "",
        )
        write_agent_config(self.config, settings)

    def start(self) -> processes.Process:
        """Start the agent (and first what holds its board); nothing happens while it runs."""
        if self.board is not None and processes.find(self.folder.pid_file(self.holder)) is None:
            self._hold(self.board)
        running = processes.find(self.folder.pid_file(self.agent))
        if running is not None:
            return running
        command = [sys.executable, "-m", "edgeorch_agent", "--config", str(self.config.resolve())]
        return self._launch(self.agent, self.inside(command))

    def podman(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run a command of the node's own Podman."""
        return subprocess.run(self.podman_command(*words), check=False, capture_output=True, input=stdin)

    def podman_command(self, *words: str) -> list[str]:
        """Give the command that runs ``podman WORDS`` as the node's own Podman."""
        config = str(self.config.resolve())
        return self.inside(
            [sys.executable, "-m", "edgeorch_agent.own_podman", "--config", config, "--", *words]
        )

    def inside(self, command: Sequence[str]) -> list[str]:
        """Give the command that runs ``command`` where the node is."""
        if self.board is None:
            return list(command)
        holder = processes.find(self.folder.pid_file(self.holder))
        if holder is None:
            raise UserError(f"node {self.name} is down: run `edgeorch up` first")
        return Board.inside(holder.pid, command)

    def stop(self) -> None:
        """Stop the agent, remove the node's containers, then what held its board.

        Raises UserError when a container does not go; what would make the next try impossible is left then.
        """
        agent = processes.find(self.folder.pid_file(self.agent))
        if agent is not None:
            agent.stop()
        held = self.board is None or processes.find(self.folder.pid_file(self.holder)) is not None
        if self.joined() and held:
            self._take_down()
        if self.board is None:
            shutil.rmtree(self.run_dir, ignore_errors=True)
            return
        holder = processes.find(self.folder.pid_file(self.holder))
        if holder is not None:
            holder.stop(grace=0)
        self.board.remove()

    def _hold(self, board: Board) -> None:
        """Start what holds the board's namespaces, and return once they are there."""
        board.create()
        board.ready.unlink(missing_ok=True)
        holder = self._launch(self.holder, board.holder_command())
        deadline = time.monotonic() + _HOLDER_SECONDS
        while not board.ready.exists():
            if not holder.alive or time.monotonic() > deadline:
                raise UserError(f"no namespaces for node {self.name}: see {self.folder.log_file(self.holder)}")
            time.sleep(_POLL)

    def _take_down(self) -> None:
        module = [sys.executable, "-m", "edgeorch_agent.take_down", "--config", str(self.config.resolve())]
        done = subprocess.run(self.inside(module), check=False, capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"node {self.name}: {done.stderr.strip().removeprefix('error: ')}")

    def _bridge(self) -> str:
        digest = hashlib.blake2b(f"{self.tag} {self.name}".encode(), digest_size=1).digest()
        subnet = list(POD_RANGES.subnets(new_prefix=24))[digest[0]]
        return f"eo{self.tag}p={subnet}"

    def _launch(self, name: str, command: Sequence[str]) -> processes.Process:
        return processes.start(
            command,
            pid_file=self.folder.pid_file(name),
            log_file=self.folder.log_file(name),
            environ=self.environ,
        )
