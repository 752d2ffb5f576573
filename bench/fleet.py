"""A large fleet held: simulated nodes that do nothing but send heartbeats, while somebody uses the API.

Reads and writes come at Kubernetes' steady rate of change, 20 a second, half of each. The agents are real and
share the machine's processors with server and broker; each of their few processes has thousands of connections.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from bench.cluster import NODES, Api, simulated
from bench.deployment import SLO
from bench.load import percentile
from bench.objects import CONFIG_MAPS
from bench.options import Options
from bench.simulated import SimulatedCluster
from bench.table import Row
from bench.usage import cpu_seconds, pss
from edgeorch.cli.simulation import FleetShape

_HEARTBEAT = 10.0
_RATE = 20.0
_BUDGETED = 5000
_BUDGETS = {"server": (50.0, 450.0), "Mosquitto": (10.0, None)}
"""% of a core and MB, for so many nodes with a heartbeat each 10 s."""
_SLO_MS = 1000.0
"""99 of 100 requests for one object (sig-scalability, API call latency)."""


def run(options: Options) -> list[Row]:
    """Measure."""
    seconds = 1.0 if options.quick else 120.0
    with simulated(options, FleetShape(options.nodes, heartbeat_seconds=_HEARTBEAT)) as made:
        return asyncio.run(_run(made, seconds))


@dataclass(frozen=True, slots=True)
class _Latencies:
    """Milliseconds of each request."""

    reads: list[float]
    writes: list[float]


async def _run(made: SimulatedCluster, seconds: float) -> list[Row]:
    api = Api(made.api_port, made.folder.kubeconfig)
    pids = {"server": made.server.pid, "Mosquitto": made.broker_pid}
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    missed = made.missed_heartbeats()
    begin = time.perf_counter()
    latencies = await _use(api, seconds)
    took = time.perf_counter() - begin
    percent = {name: (cpu_seconds(pid) - before[name]) / took * 100 for name, pid in pids.items()}
    missed = made.missed_heartbeats() - missed
    nodes = made.shape.nodes
    of = f"{nodes:,} simulated nodes"
    sent = int(nodes * took / made.shape.heartbeat_seconds)
    limits = _BUDGETS if nodes >= _BUDGETED else {}
    note = f"heartbeat {made.shape.heartbeat_seconds:g} s; {took:.0f} s counted"
    rows = [
        Row(
            f"{of}: heartbeats lost", missed, lower_is_better=True, target=0, note=f"of about {sent:,}; {note}"
        ),
        Row(f"{of}: not Ready at the end", await _not_ready(api, nodes), lower_is_better=True, target=0),
    ]
    for what, times in (("GET", latencies.reads), ("PUT", latencies.writes)):
        p99 = percentile(times, 99)
        p50 = f"p50 {percentile(times, 50):.1f} ms"
        rows.append(
            Row(f"{of}: {what}, p99 ms", p99, SLO, _SLO_MS, lower_is_better=True, target=_SLO_MS, note=p50)
        )
    for name, pid in pids.items():
        cpu, memory = limits.get(name, (None, None))
        rows.append(Row(f"{of}: {name}, % of a core", percent[name], lower_is_better=True, target=cpu))
        rows.append(Row(f"{of}: {name}, PSS MB", pss([pid]), lower_is_better=True, target=memory))
    api.close()
    return rows


async def _use(api: Api, seconds: float) -> _Latencies:
    """Read nodes and write a ConfigMap in turn, at a steady rate."""
    name = "used-with-the-fleet"
    await api.request(
        "POST", CONFIG_MAPS, {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name}}
    )
    nodes = [node["metadata"]["name"] for node in (await api.request("GET", NODES))["items"]]
    found = _Latencies([], [])
    begin = time.perf_counter()
    for number in range(int(seconds * _RATE)):
        await asyncio.sleep(max(0.0, begin + number / _RATE - time.perf_counter()))
        sent = time.perf_counter()
        if number % 2:
            body = {
                "kind": "ConfigMap",
                "apiVersion": "v1",
                "metadata": {"name": name},
                "data": {"n": str(number)},
            }
            await api.request("PUT", f"{CONFIG_MAPS}/{name}", body)
            found.writes.append((time.perf_counter() - sent) * 1000)
        else:
            await api.request("GET", f"{NODES}/{nodes[number % len(nodes)]}")
            found.reads.append((time.perf_counter() - sent) * 1000)
    return found


async def _not_ready(api: Api, nodes: int) -> int:
    listed = await api.request("GET", NODES)
    conditions = (c for node in listed["items"] for c in node.get("status", {}).get("conditions", ()))
    return nodes - len([c for c in conditions if c["type"] == "Ready" and c["status"] == "True"])
