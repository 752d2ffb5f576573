"""What two idle nodes cost: processor time, bytes on the wire, bytes on the disk.

The window is a whole number of heartbeats, and what is counted in it is projected to an hour. The wire is the
cable of a board in its own network namespace: IP packets in both directions, without Ethernet's 14 bytes each.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from bench.cluster import cluster
from bench.options import Options
from bench.table import Row
from bench.usage import cpu_seconds, written
from tests.lab.cluster import Cluster

_ETHERNET = 14
_SETTLE = 20.0


def run(options: Options) -> list[Row]:
    """Measure."""
    heartbeat, beats, settle = (1, 2, 0.0) if options.quick else (30, 2, _SETTLE)
    environ = {"EDGEORCH_HEARTBEAT_SECONDS": str(heartbeat)} if options.quick else {}
    with cluster(options, nodes=2, environ=environ) as made:
        time.sleep(settle)
        before = _look(made)
        time.sleep(heartbeat * beats)
        return _rows(made, before, _look(made), heartbeat)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What there was at one moment."""

    at: float
    cpu: dict[str, float]
    """Seconds, by process."""
    disk: dict[str, int]
    """Bytes, by process."""
    wire: list[int]
    """Bytes, by board."""


def _look(made: Cluster) -> _Seen:
    node = made.nodes[0]
    pids = {
        "server": made.server.pid,
        "Mosquitto": made.broker_pid(),
        "agent": made.agent(node).pid,
        "Podman's service": made.podman_service_pid(node),
    }
    return _Seen(
        time.monotonic(),
        {name: cpu_seconds(pid) for name, pid in pids.items()},
        {name: written(pid) for name, pid in pids.items()},
        [_wire(made.board(name).link) for name in made.nodes],
    )


def _wire(link: str) -> int:
    counters = Path("/sys/class/net", link, "statistics")

    def read(name: str) -> int:
        return int((counters / name).read_text())

    packets = read("rx_packets") + read("tx_packets")
    return read("rx_bytes") + read("tx_bytes") - _ETHERNET * packets


def _rows(made: Cluster, before: _Seen, after: _Seen, heartbeat: int) -> list[Row]:
    seconds = after.at - before.at
    hours = seconds / 3600
    nodes = len(made.nodes)
    note = f"heartbeat {heartbeat} s; {seconds:.0f} s counted"
    wire = [(late - early) / hours / 1000 for early, late in zip(before.wire, after.wire, strict=True)]
    rows = [
        Row(
            "idle, KB on the wire per node and hour, TLS",
            max(wire),
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
    for name, late in after.cpu.items():
        percent = (late - before.cpu[name]) / seconds * 100
        baseline, value = published.get(name, ("", None))
        rows.append(Row(f"idle, {name}, % of a core", percent, baseline, value, lower_is_better=True))
    return rows
