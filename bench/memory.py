"""Memory of every process of a one-node cluster with ten pods.

PSS: a process' own pages and its share of those it shares with others (proc(5), smaps_rollup). Python processes
that run from the same files share some, so each looks smaller the more of them there are.
"""

from __future__ import annotations

import asyncio
import time

from bench.cluster import PODS, Api, cluster, conmons, pod, running
from bench.options import Options
from bench.table import Row
from bench.usage import pss
from tests.lab.cluster import Cluster

PODS_RUNNING = 10
_SETTLE = 5.0


def run(options: Options) -> list[Row]:
    """Measure."""
    pods = 2 if options.quick else PODS_RUNNING
    with cluster(options) as made:
        asyncio.run(_fill(made, pods))
        time.sleep(0 if options.quick else _SETTLE)
        return _rows(made, pods)


async def _fill(made: Cluster, pods: int) -> None:
    """Run so many pods; ``up`` has started the first."""
    api = Api(made.api_port, made.folder.kubeconfig)
    async with api.watch(PODS) as watch:
        for number in range(1, pods):
            await api.request("POST", PODS, pod(f"more-{number}"))
            await watch.until(running(f"more-{number}"))
    api.close()


def _rows(made: Cluster, pods: int) -> list[Row]:
    node = made.nodes[0]
    watchers = conmons(made)
    agent, service = made.agent(node).pid, made.podman_service_pid(node)
    parts = [pss([agent]), pss([service]), pss(watchers)]
    server, broker = pss([made.server.pid]), pss([made.broker_pid()])
    of = f"{pods} pods, PSS MB"
    k3s = "published: k3s 1.26"
    return [
        Row(f"agent, {of}", parts[0], f"{k3s} agent", 275, lower_is_better=True, target=45),
        Row(f"Podman's service, {of}", parts[1]),
        Row(
            f"conmon, {of}",
            parts[2],
            lower_is_better=True,
            target=0.4 * len(watchers),
            note=f"{len(watchers)} of them",
        ),
        Row(f"whole node, {of}", sum(parts), lower_is_better=True, target=80 + 0.4 * len(watchers)),
        Row(f"server, {of}", server, f"{k3s} server", 1428, lower_is_better=True, target=90),
        Row(f"Mosquitto, {of}", broker),
    ]
