"""From a pod's manifest to its container running, beside doing the same by hand in the same Podman.

All three ways make a pod with an infra container and one container of the same image, in turn: the pod through
the API, ``podman pod create`` and ``podman run --pod``, and the bare requests to Podman's REST service.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bench.cluster import PODS, Api, Watch, cluster, deleted, pod, running
from bench.http import Connection
from bench.load import percentile
from bench.options import Options
from bench.table import Row
from edgeorch.cli.up import hello
from edgeorch.config.settings import load_agent_settings
from edgeorch_agent.own_podman import own_home
from edgeorch_agent.runtime.podman_home import PodmanHome
from tests.lab.cluster import Cluster

_LIBPOD = "/v4.0.0/libpod"


class ByHand:
    """Makes and removes pods without edgeorch, in a node's own Podman."""

    def __init__(self, home: PodmanHome, service: Connection) -> None:
        self._home = home
        self._service = service

    async def command_line(self, name: str) -> float:
        """Make a pod with two commands; gives milliseconds."""
        begin = time.perf_counter()
        await asyncio.to_thread(self._podman, "pod", "create", "--name", name)
        await asyncio.to_thread(self._podman, "run", "--detach", "--pod", name, hello.IMAGE)
        return (time.perf_counter() - begin) * 1000

    async def requests(self, name: str) -> float:
        """Make a pod with three requests; gives milliseconds."""
        begin = time.perf_counter()
        await self._post("/pods/create", f'{{"name":"{name}"}}')
        await self._post(
            "/containers/create", f'{{"name":"{name}-main","image":"{hello.IMAGE}","pod":"{name}"}}'
        )
        await self._post(f"/pods/{name}/start")
        return (time.perf_counter() - begin) * 1000

    async def remove(self, name: str) -> None:
        """Remove such a pod."""
        await asyncio.to_thread(self._podman, "pod", "rm", "--force", "--time=0", name)

    def _podman(self, *words: str) -> None:
        environ = self._home.child_environment()
        subprocess.run(self._home.command(*words), env=environ, check=True, capture_output=True, timeout=60)

    async def _post(self, path: str, body: str = "{}") -> None:
        await self._service.request("POST", f"{_LIBPOD}{path}", body.encode())


def run(options: Options) -> list[Row]:
    """Measure."""
    with cluster(options) as made:
        return asyncio.run(_run(made, rounds=1 if options.quick else 8))


def podman_home(made: Cluster, node: str) -> PodmanHome:
    """Give the Podman that a node's agent runs."""
    home = own_home(load_agent_settings({}, os.environ, Path(made.node(node).config)))
    assert home is not None, "nodes of `edgeorch up` have a Podman of their own"
    return home


async def _run(made: Cluster, *, rounds: int) -> list[Row]:
    async with AsyncExitStack() as stack:
        api = Api(made.api_port, made.folder.kubeconfig)
        stack.callback(api.close)
        pods = await stack.enter_async_context(api.watch(PODS))
        home = podman_home(made, made.nodes[0])
        service = await Connection.open_unix(home.socket)
        stack.callback(service.close)
        by_hand = ByHand(home, service)
        ours: list[float] = []
        acks: list[float] = []
        commands: list[float] = []
        requests: list[float] = []
        for turn in range(rounds):
            posted, took = await _ours(api, pods, f"ours-{turn}")
            acks.append(posted)
            ours.append(took)
            for make, times in ((by_hand.command_line, commands), (by_hand.requests, requests)):
                name = f"{make.__name__.replace('_', '-')}-{turn}"
                times.append(await make(name))
                await by_hand.remove(name)
        applied, bare = [], []
        for turn in range(min(rounds, 3)):
            applied.append(await _kubectl(made, api, pods, f"applied-{turn}"))
            bare.append(await _timed(made, "get", "--raw", "/version"))
    metric = "POST a pod -> Running on a watch"
    overhead = statistics.median(ours) - statistics.median(requests)
    by_command, median = "podman pod create + run", statistics.median
    note = f"POST answered after {median(acks):.1f} ms"
    both = (percentile(ours, 99), by_command, percentile(commands, 99))
    return [
        Row(
            f"{metric}, p50 ms",
            median(ours),
            by_command,
            median(commands),
            lower_is_better=True,
            target_ratio=1.0,
            note=note,
        ),
        Row(f"{metric}, worst ms", *both, lower_is_better=True, target_ratio=1 / 1.3, note=f"of {rounds}"),
        Row(f"{metric}, p50 ms", median(ours), "Podman's REST, bare", median(requests), lower_is_better=True),
        Row("what that adds to Podman's REST, ms", overhead, lower_is_better=True, target=15),
        Row(
            "kubectl apply, the command, p50 ms",
            median(applied),
            "kubectl get --raw /version",
            median(bare),
            lower_is_better=True,
        ),
    ]


async def _ours(api: Api, pods: Watch, name: str) -> tuple[float, float]:
    """Create a pod; gives the milliseconds until the answer, and until it runs."""
    begin = time.perf_counter()
    await api.request("POST", PODS, pod(name))
    posted = (time.perf_counter() - begin) * 1000
    took = (await pods.until(running(name)) - begin) * 1000
    await _delete(api, pods, name)
    return posted, took


async def _delete(api: Api, pods: Watch, name: str) -> None:
    await api.request("DELETE", f"{PODS}/{name}")
    await pods.until(deleted(name))


async def _kubectl(made: Cluster, api: Api, pods: Watch, name: str) -> float:
    manifest = made.home / f"{name}.json"
    manifest.write_text(json.dumps(pod(name)))
    took = await _timed(made, "apply", "-f", str(manifest))
    await pods.until(running(name))
    await _delete(api, pods, name)
    return took


async def _timed(made: Cluster, *words: str) -> float:
    kubectl = made.kubectl()
    begin = time.perf_counter()
    await asyncio.to_thread(kubectl, *words)
    return (time.perf_counter() - begin) * 1000
