"""How soon a watch shows that something has died: an agent, a container."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import time
from asyncio.subprocess import Process
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any, Self

from bench.apply import podman_home
from bench.cluster import NODES, PATIENCE, PODS, Api, Watch, cluster, pod, running
from bench.options import Options
from bench.table import Row
from edgeorch_agent.runtime.base import LABEL_NAME
from edgeorch_agent.runtime.podman_home import PodmanHome
from tests.lab.cluster import Cluster

_EVENTS_BEGIN = 2.0


def run(options: Options) -> list[Row]:
    """Measure."""
    rounds = 1 if options.quick else 3
    with cluster(options) as made:
        return asyncio.run(_run(made, rounds))


async def _run(made: Cluster, rounds: int) -> list[Row]:
    async with AsyncExitStack() as stack:
        api = Api(made.api_port, made.folder.kubeconfig)
        stack.callback(api.close)
        containers = await _containers(made, api, rounds)
        nodes = await stack.enter_async_context(api.watch(NODES))
        agents = [await _agent_dies(made, nodes) for _ in range(rounds)]
    ours, theirs = ([times[side] for times in containers] for side in (0, 1))
    return [
        Row(
            "container killed -> status on a watch, p50 ms",
            statistics.median(ours),
            "podman events",
            statistics.median(theirs),
            lower_is_better=True,
        ),
        Row(
            "agent killed -> node Unknown on a watch, p50 ms",
            statistics.median(agents),
            "published: Kubernetes' default",
            40_000,
            lower_is_better=True,
            target=500,
        ),
    ]


async def _agent_dies(made: Cluster, nodes: Watch) -> float:
    """Kill the agent; gives the milliseconds until its node is Unknown, and waits until it is back."""
    name = made.nodes[0]
    begin = time.perf_counter()
    os.kill(made.agent(name).pid, signal.SIGKILL)
    took = (await nodes.until(lambda _, node: _ready(node) == "Unknown") - begin) * 1000
    await asyncio.to_thread(made.up)
    await nodes.until(lambda _, node: _ready(node) == "True")
    return took


def _ready(node: dict[str, Any]) -> str:
    conditions = node.get("status", {}).get("conditions", ())
    return next((condition["status"] for condition in conditions if condition["type"] == "Ready"), "")


async def _containers(made: Cluster, api: Api, rounds: int) -> list[tuple[float, float]]:
    """Kill a container of a fresh pod each time.

    Gives the milliseconds until our watch, and Podman's own events, say so.
    """
    home = podman_home(made, made.nodes[0])
    found = []
    async with api.watch(PODS) as pods, _Events(home) as events:
        for turn in range(rounds):
            name = f"victim-{turn}"
            await api.request("POST", PODS, pod(name))
            await pods.until(running(name))
            pid = _main_process(made, name)
            events.died.clear()
            begin = time.perf_counter()
            os.kill(pid, signal.SIGKILL)
            ours = await pods.until(partial(_ended, name))
            async with asyncio.timeout(PATIENCE):
                await events.died.wait()
            found.append(((ours - begin) * 1000, (events.at - begin) * 1000))
    return found


def _ended(name: str, _: str, found: dict[str, Any]) -> bool:
    statuses = found.get("status", {}).get("containerStatuses", ())
    return found["metadata"]["name"] == name and any("running" not in one.get("state", {}) for one in statuses)


def _main_process(made: Cluster, name: str) -> int:
    listed = json.loads(
        made.podman(made.nodes[0], "ps", f"--filter=label={LABEL_NAME}={name}", "--format=json")
    )
    container = next(one for one in listed if not one.get("IsInfra"))
    return int(container["Pid"])


class _Events:
    """Podman's own event stream, for comparison."""

    def __init__(self, home: PodmanHome) -> None:
        self._home = home
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self.died = asyncio.Event()
        self.at = 0.0

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._home.command("events", "--filter=event=died", "--format=json"),
            env=self._home.child_environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._reader = asyncio.create_task(self._read(self._process))
        await asyncio.sleep(_EVENTS_BEGIN)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._reader is not None
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reader

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        async for _ in process.stdout:
            self.at = time.perf_counter()
            self.died.set()
