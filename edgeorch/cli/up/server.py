"""The control plane of a cluster on this box, as a detached process."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgeorch.cli.access import load_access
from edgeorch.cli.rest import RestClient
from edgeorch.cli.up import processes
from edgeorch.cli.up.layout import ClusterFolder
from edgeorch.cli.up.waiting import wait
from edgeorch.errors import ApiError, UserError

SERVER = "server"
"""Name of the process."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """The server of one folder; it listens on loopback, and for boards on ``mqtt_host``."""

    folder: ClusterFolder
    api_port: int
    mqtt_port: int
    mqtt_host: str = "127.0.0.1"
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """Its environment, and with it its settings."""

    def start(self) -> None:
        """Start it, unless it runs, and return once the API answers; then the folder has a kubeconfig.

        Raises UserError when a port is taken, or when it does not come up.
        """
        if find_server(self.folder) is None:
            _check_port(self.api_port, "127.0.0.1", "--api-port")
            _check_port(self.mqtt_port, self.mqtt_host, "--mqtt-port")
            processes.start(
                [
                    sys.executable,
                    "-m",
                    "edgeorch_server",
                    f"--data-dir={self.folder.server.resolve()}",
                    "--api-host=127.0.0.1",
                    f"--api-port={self.api_port}",
                    f"--mqtt-host={self.mqtt_host}",
                    f"--mqtt-port={self.mqtt_port}",
                ],
                pid_file=self.folder.pid_file(SERVER),
                log_file=self.folder.log_file(SERVER),
                environ=self.environ,
            )
        wait(self.folder, [SERVER], "the API server", self._answers)

    def _answers(self) -> bool:
        source = self.folder.server / "kubeconfig"
        try:
            with RestClient(load_access(source)) as client:
                client.request("GET", "/api/v1/namespaces/default")
        except (UserError, ApiError):
            return False
        shutil.copyfile(source, self.folder.kubeconfig)
        self.folder.kubeconfig.chmod(0o600)
        return True


def find_server(folder: ClusterFolder) -> processes.Process | None:
    """Give the folder's server, if it runs."""
    return processes.find(folder.pid_file(SERVER))


def stop_server(folder: ClusterFolder) -> None:
    """Stop it, if it runs."""
    if (server := find_server(folder)) is not None:
        server.stop()


def _check_port(port: int, host: str, flag: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise UserError(f"port {port} is taken by another program: choose one with {flag}") from exc
