"""How soon the pods of a lost node have a place elsewhere, by crash and by silence.

Crash: the agent is killed, and the broker sends its last will. Silence: it is stopped (SIGSTOP), which
looks like a board without power: nothing says so but the heartbeats that do not come. The pods do not tolerate
lost nodes, so that what is measured is detection and replacement, and not Kubernetes' five minutes of patience.
"""

from __future__ import annotations

import asyncio
import signal
import statistics
import time

from bench.cluster import PODS, Api, Watch, simulated
from bench.deployment import DEPLOYMENTS, deployment
from bench.options import Options
from bench.simulated import SimulatedCluster
from bench.table import Row
from edgeorch.cli.simulation import FleetShape

_GRACE = "EDGEORCH_NODE_GRACE"
_BASELINE = "published: Kubernetes' default"
_DEFAULT = 340.0
"""Seconds: 40 until a silent node is unreachable, and 300 that its pods tolerate that."""
_TARGETS = {signal.SIGKILL: 3.0, signal.SIGSTOP: 15.0}
_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_PATIENCE = 120.0


def _shape(*, heartbeat: float, grace: float) -> FleetShape:
    """Describe a few nodes with a process each, so that each can be lost."""
    environ = {_GRACE: f"{grace:g}"}
    return FleetShape(3, processes=3, heartbeat_seconds=heartbeat, environ=environ)


QUICK = _shape(heartbeat=1, grace=3)
"""The cluster that this and other benchmarks share when nobody looks at the figures."""


def run(options: Options) -> list[Row]:
    """Measure."""
    rounds = 1 if options.quick else 3
    shape = _shape(heartbeat=5, grace=12)  # two heartbeats may be late
    with simulated(options, shape) as made:
        return asyncio.run(_run(made, rounds))


async def _run(made: SimulatedCluster, rounds: int) -> list[Row]:
    api = Api(made.api_port, made.folder.kubeconfig)
    shape = made.shape
    waits = f"heartbeat_seconds {shape.heartbeat_seconds:g}, node_grace {shape.environ[_GRACE]}, no tolerations"
    tolerations = [
        {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0} for taint in _TAINTS
    ]
    rows = []
    async with api.watch(PODS, "labelSelector=app=homeless") as watch:
        pods = _Successors(watch)
        await api.request("POST", DEPLOYMENTS, deployment("homeless", 1, {"tolerations": tolerations}))
        await pods.next()
        for how, number in (("crash", signal.SIGKILL), ("silence", signal.SIGSTOP)):
            times = []
            for _ in range(rounds):
                times.append(await _lose(made, pods, number))
                await asyncio.to_thread(made.up)
            scheduled, runs = (statistics.median(each) for each in zip(*times, strict=True))
            what = f"node lost by {how} -> its pod's replacement"
            rows += [
                Row(
                    f"{what} scheduled, p50 s", scheduled, _BASELINE, _DEFAULT, lower_is_better=True, note=waits
                ),
                Row(f"{what} running, p50 s", runs, lower_is_better=True, target=_TARGETS[number], note=waits),
            ]
    api.close()
    return rows


async def _lose(made: SimulatedCluster, pods: _Successors, number: signal.Signals) -> tuple[float, float]:
    """Send a signal to the agent of the pod's node; gives the seconds until a new pod has a node, and runs."""
    part = next(part for part in range(made.shape.parts) if pods.node in made.nodes_of(part))
    agents = made.agents(part)
    begin = time.perf_counter()
    agents.signal(number)
    try:
        scheduled, runs = await pods.next()
    finally:
        agents.signal(signal.SIGKILL)
        agents.wait(5)
    return scheduled - begin, runs - begin


class _Successors:
    """The pods of a Deployment of one replica, of which each follows another."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._known: set[str] = set()
        self.node = ""
        """Where the newest runs."""

    async def next(self) -> tuple[float, float]:
        """Wait until a pod runs that is new; gives the times it had a node, and ran."""
        scheduled: dict[str, float] = {}
        async with asyncio.timeout(_PATIENCE):
            while True:
                at, _, pod = await self._watch.next()
                uid = pod["metadata"]["uid"]
                if uid in self._known or not pod["spec"].get("nodeName"):
                    continue
                scheduled.setdefault(uid, at)
                if pod.get("status", {}).get("phase") == "Running":
                    self._known |= scheduled.keys()
                    self.node = pod["spec"]["nodeName"]
                    return scheduled[uid], at
