"""What two idle nodes cost: processor time, bytes on the wire, bytes on the disk.

The window begins after a heartbeat and holds a whole number of them; what is counted in it is projected to an
hour. On the wire these are the IP packets of a board in its own network namespace, in both directions: what
neighbours on one Ethernet have to say to each other (ARP, router solicitations) is not edgeorch's.

Beside the node's Podman service runs one that nobody asks anything: what that takes is Podman's own.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cluster import cluster
from bench.options import Options
from bench.table import Row
from bench.usage import cpu_seconds, written
from tests.lab import proc
from tests.lab.cluster import Cluster
from tests.lab.waiting import wait_until

_BARE = "a Podman service without clients"
_SETTLE = 60.0


def run(options: Options) -> list[Row]:
    """Measure."""
    heartbeat, beats, settle = (1, 2, 0.0) if options.quick else (30, 4, _SETTLE)
    environ = {"EDGEORCH_HEARTBEAT_SECONDS": str(heartbeat)} if options.quick else {}
    with cluster(options, nodes=2, environ=environ) as made, _bare_podman(made) as bare:
        time.sleep(settle)
        _await_heartbeat(made)
        before = _look(made, bare)
        time.sleep(heartbeat * (beats - 0.5))
        _await_heartbeat(made)
        return _rows(made, before, _look(made, bare), heartbeat)


def _await_heartbeat(made: Cluster) -> None:
    agent = made.agent(made.nodes[0]).pid
    so_far = _wire(agent)
    wait_until(lambda: _wire(agent) != so_far, "a heartbeat")


@contextmanager
def _bare_podman(made: Cluster) -> Iterator[int]:
    """Run another service on the first node's Podman, and give its process."""
    node = made.node(made.nodes[0])
    socket = made.folder.root / "bare.sock"
    service = subprocess.Popen(
        node.podman_command("system", "service", "--time=0", f"unix://{socket}"), stderr=subprocess.DEVNULL
    )
    try:
        yield wait_until(lambda: _listener(socket), "a bare Podman service")
    finally:
        if pid := _listener(socket):
            proc.kill([pid])
        service.wait()


def _listener(socket: Path) -> int | None:
    marks = (b"service", str(socket).encode())
    found = (pid for pid in proc.pids() if proc.name(pid) == "podman")
    return next((pid for pid in found if all(mark in proc.command_line(pid) for mark in marks)), None)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What there was at one moment."""

    at: float
    cpu: dict[str, float]
    """Seconds, by process."""
    disk: dict[str, int]
    """Bytes, by process."""
    wire: int
    """Bytes of the first board."""


def _look(made: Cluster, bare: int) -> _Seen:
    node = made.nodes[0]
    pids = {
        "server": made.server.pid,
        "Mosquitto": made.broker_pid(),
        "agent": made.agent(node).pid,
        "Podman's service": made.podman_service_pid(node),
        _BARE: bare,
    }
    return _Seen(
        time.monotonic(),
        {name: cpu_seconds(pid) for name, pid in pids.items()},
        {name: written(pid) for name, pid in pids.items()},
        _wire(pids["agent"]),
    )


def _wire(pid: int) -> int:
    """Read what IP has sent and received in the network namespace of a process (RFC 4293, ``IpExt``)."""
    lines = Path(f"/proc/{pid}/net/netstat").read_text().splitlines()
    names, values = (line.split()[1:] for line in lines if line.startswith("IpExt:"))
    counted = dict(zip(names, map(int, values), strict=True))
    return counted["InOctets"] + counted["OutOctets"]


def _rows(made: Cluster, before: _Seen, after: _Seen, heartbeat: int) -> list[Row]:
    seconds = after.at - before.at
    hours = seconds / 3600
    nodes = len(made.nodes)
    note = f"heartbeat {heartbeat} s; {seconds:.0f} s counted"
    rows = [
        Row(
            "idle, KB on the wire per node and hour, TLS",
            (after.wire - before.wire) / hours / 1000,
            "published: KubeEdge issue 6179",
            6100,
            lower_is_better=True,
            target=30 if heartbeat == 30 else None,
            target_ratio=50 if heartbeat == 30 else None,
            note=note,
        )
    ]
    for name in ("server", "agent"):
        kilobytes = (after.disk[name] - before.disk[name]) / hours / 1000
        rows.append(Row(f"idle, {name}, KB to disk per hour", kilobytes, note=f"{nodes} nodes"))
    published = {
        "agent": ("published: k3s 1.26 agent, Pi 4B", 10.0),
        "server": ("published: k3s 1.26 server", 5.0),
    }
    percent = {name: (late - before.cpu[name]) / seconds * 100 for name, late in after.cpu.items()}
    baselines: dict[str, tuple[str, float]] = published | {"Podman's service": (_BARE, percent.pop(_BARE))}
    for name, ours in percent.items():
        baseline, value = baselines.get(name, ("", None))
        rows.append(Row(f"idle, {name}, % of a core", ours, baseline, value, lower_is_better=True))
    return rows
