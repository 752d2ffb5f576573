"""Several boards on one box: each node in a network namespace, with a mount namespace for a Podman of its own.

A *holder* process keeps a node's namespaces alive for as long as the node is meant to exist; agents come and
go inside it. Killing the holder and everything else inside is what pulling the plug is on a real board.

Needs root. Everything made here has the cluster's tag in its name, and is removed by :meth:`Bridge.remove`
and :meth:`Board.remove`; removing what is gone is no error.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeorch.errors import UserError

SUBNETS = 200
"""How many clusters can have a bridge of their own at the same time: 10.201.0.0/24 and up."""


class NamespaceError(UserError):
    """The kernel refused a namespace or link; the message is the tool's."""


def cluster_tag(data_dir: Path) -> str:
    """Give a short name for a cluster's links and namespaces, the same each time (IFNAMSIZ allows 15 bytes)."""
    return hashlib.blake2b(str(data_dir.resolve()).encode(), digest_size=3).hexdigest()


@dataclass(frozen=True, slots=True)
class Bridge:
    """The switch that a cluster's boards hang on; the box itself has the first address."""

    tag: str

    @property
    def name(self) -> str:
        """The link's name."""
        return f"eo{self.tag}"

    @property
    def prefix(self) -> str:
        """The first three numbers of the cluster's /24."""
        return f"10.201.{int(self.tag, 16) % SUBNETS}"

    @property
    def address(self) -> str:
        """The box's own address on it."""
        return f"{self.prefix}.1"

    def create(self) -> None:
        """Make it; nothing happens when it is there."""
        if not _ok("ip", "link", "show", self.name):
            _run("ip", "link", "add", self.name, "type", "bridge")
            _run("ip", "address", "add", f"{self.address}/24", "dev", self.name)
        _run("ip", "link", "set", self.name, "up")

    def remove(self) -> None:
        """Take it away."""
        _ok("ip", "link", "delete", self.name)


@dataclass(frozen=True, slots=True)
class Board:
    """One node: ``index`` (from 1) gives it its address, ``folder`` holds its Podman's storage."""

    bridge: Bridge
    index: int
    folder: Path

    @property
    def namespace(self) -> str:
        """Name of the network namespace."""
        return f"eo{self.bridge.tag}-{self.index}"

    @property
    def link(self) -> str:
        """The board's cable, at the bridge's end: set it down to cut the board off."""
        return f"eo{self.bridge.tag}v{self.index}"

    @property
    def address(self) -> str:
        """Its address."""
        return f"{self.bridge.prefix}.{10 + self.index}"

    @property
    def ready(self) -> Path:
        """The file that is there while the holder's namespaces are."""
        return self.folder / "board-ready"

    def create(self) -> None:
        """Make the network namespace with its cable; nothing happens when it is there."""
        if not (Path("/run/netns") / self.namespace).exists():
            _run("ip", "netns", "add", self.namespace)
        inside = ("ip", "-n", self.namespace)
        if not _ok(*inside, "link", "show", "eth0"):
            _ok("ip", "link", "delete", self.link)
            _run(
                "ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.namespace
            )
            _run("ip", "link", "set", self.link, "master", self.bridge.name, "up")
            _run(*inside, "address", "add", f"{self.address}/24", "dev", "eth0")
            _run(*inside, "link", "set", "eth0", "up")
            _run(*inside, "link", "set", "lo", "up")
            _run(*inside, "route", "add", "default", "via", self.bridge.address)

    def holder_command(self) -> list[str]:
        """Give the command of the process that holds the node's namespaces.

        It makes the file :attr:`ready` once they are set up: before that, whoever enters its mount namespace
        enters the box's.
        """
        storage = self.folder / "containers"
        storage.mkdir(parents=True, exist_ok=True)
        script = (
            "mount --make-rprivate / && mkdir -p /var/lib/containers && "
            'mount --bind "$1" /var/lib/containers && mount -t tmpfs -o mode=755 tmpfs /run && '
            ': > "$2" && exec sleep infinity'
        )
        return [
            "nsenter",
            f"--net=/run/netns/{self.namespace}",
            "unshare",
            "--mount",
            "sh",
            "-c",
            script,
            "holder",
            str(storage.resolve()),
            str(self.ready.resolve()),
        ]

    @staticmethod
    def inside(holder: int, command: Sequence[str]) -> list[str]:
        """Give the command that runs ``command`` in the namespaces of a holder's pid."""
        return ["nsenter", f"--target={holder}", "--mount", "--net", "--", *command]

    def connect(self, *, up: bool) -> None:
        """Plug the cable in, or pull it."""
        _run("ip", "link", "set", self.link, "up" if up else "down")

    def remove(self) -> None:
        """Take cable and namespace away."""
        _ok("ip", "link", "delete", self.link)
        _ok("ip", "netns", "delete", self.namespace)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as exc:
        raise NamespaceError(f"{command[0]} is not installed: run scripts/install-deps") from exc
    except subprocess.CalledProcessError as exc:
        raise NamespaceError(f"{' '.join(command)}: {exc.stderr.strip()}") from exc


def _ok(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
