"""A Podman of our own: its folders, its configuration, its command line.

Everything it keeps lies under two folders, so it neither sees nor disturbs the machine's other containers, and
several of them live side by side. What must not survive a reboot lies in the one that does not: that is
how Podman notices that its containers are gone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Final

from edgeorch.errors import UserError
from edgeorch_agent.runtime.containers_conf import HostFacts, containers_conf

_LONGEST_SOCKET: Final = 107
"""Bytes of a path in ``struct sockaddr_un``, without its end."""
_NOT_FOR_CHILDREN: Final = ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "WATCHDOG_USEC", "WATCHDOG_PID")
"""systemd's words to the agent; Podman would take them for its own."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """The bridge of the default network. Podmans that share a network namespace need one each."""

    interface: str
    subnet: IPv4Network


@dataclass(frozen=True, slots=True)
class PodmanHome:
    """Where one Podman lives. All paths are absolute; ``run`` is short, since it holds a socket."""

    storage: Path
    """Images and containers."""
    run: Path
    """State that ends with the machine's uptime: on a tmpfs, such as ``/run/edgeorch/NAME``."""
    bridge: Bridge | None = None
    """None leaves Podman's own default network."""
    launcher: tuple[str, ...] = ()
    """Words before the command: to enter a network namespace, for instance."""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def socket(self) -> Path:
        """Where its service listens."""
        return self.run / "podman.sock"

    @property
    def log(self) -> Path:
        """What its service says."""
        return self.run / "podman.log"

    def prepare(self, facts: HostFacts) -> None:
        """Make the folders and write the configuration. Raises UserError when Podman cannot run here."""
        if shutil.which("podman", path=self.environment.get("PATH")) is None:
            raise UserError("podman is not installed: run scripts/install-deps, or apt install podman")
        if len(os.fsencode(self.socket)) > _LONGEST_SOCKET:
            raise UserError(f"the path {self.socket} is too long for a socket: choose a shorter folder")
        for folder in (self.storage, self.run, self._networks):
            folder.mkdir(parents=True, exist_ok=True)
        name = ""
        if self.bridge is not None:
            network = default_network(self.bridge)
            name = network["name"]
            (self._networks / f"{name}.json").write_text(json.dumps(network, indent=2))
        self._conf.write_text(containers_conf(facts, default_network=name))

    def command(self, *words: str) -> tuple[str, ...]:
        """Give the command line for ``podman WORDS``."""
        return (
            *self.launcher,
            "podman",
            f"--root={self.storage}",
            f"--runroot={self.run / 'containers'}",
            f"--tmpdir={self.run / 'libpod'}",
            f"--network-config-dir={self._networks}",
            *words,
        )

    def service_command(self) -> tuple[str, ...]:
        """Give the command line of the service."""
        return self.command("system", "service", "--time=0", f"unix://{self.socket}")

    def child_environment(self) -> dict[str, str]:
        """Give the environment for these commands."""
        kept = {k: v for k, v in self.environment.items() if k not in _NOT_FOR_CHILDREN}
        return {**kept, "CONTAINERS_CONF": str(self._conf)}

    def listener(self) -> int:
        """Give the process id of the service that listens now; 0 when none does."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
            except OSError:
                return 0
            credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            pid: int = struct.unpack("3i", credentials)[0]
            return pid

    @property
    def _networks(self) -> Path:
        return self.storage / "networks"

    @property
    def _conf(self) -> Path:
        return self.run / "containers.conf"


def default_network(bridge: Bridge) -> dict[str, Any]:
    """Define Podman's default network on a bridge of our own, under an id that stays the same.

    It is called after its interface: netavark names the firewall chains of a network by its name alone, so two
    Podmans whose networks were both ``podman`` would share them, and the end of one's last pod would take the
    masquerading from the other's.
    """
    return {
        "name": bridge.interface,
        "id": hashlib.sha256(f"{bridge.interface} {bridge.subnet}".encode()).hexdigest(),
        "driver": "bridge",
        "network_interface": bridge.interface,
        "created": "2024-01-01T00:00:00Z",
        "subnets": [{"subnet": str(bridge.subnet), "gateway": str(next(bridge.subnet.hosts()))}],
        "ipv6_enabled": False,
        "internal": False,
        "dns_enabled": False,
        "ipam_options": {"driver": "host-local"},
    }


def free_subnet(candidates: Iterable[IPv4Network], taken: Iterable[IPv4Network]) -> IPv4Network:
    """Choose the first subnet that overlaps none of those taken. Raises UserError when there is none."""
    used = tuple(taken)
    for candidate in candidates:
        if not any(candidate.overlaps(other) for other in used):
            return candidate
    raise UserError("no free subnet is left for a Podman of our own")
