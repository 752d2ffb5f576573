"""A cluster of ``edgeorch up`` for benchmarks, and a look at it through its API."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from bench.http import Connection
from bench.options import CannotRunError, Options
from bench.simulated import SimulatedCluster
from edgeorch.cli.access import load_access
from edgeorch.cli.simulation import FleetShape
from edgeorch.cli.up import hello
from tests.fakes.mosquitto import SEARCH_PATH
from tests.lab import proc
from tests.lab.cluster import Cluster, why_no_cluster

PATIENCE = 60.0
PODS = "/api/v1/namespaces/default/pods"
NODES = "/api/v1/nodes"
_SINGLE = "bench"


@contextmanager
def cluster(options: Options, *, nodes: int = 1, environ: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """Bring a cluster up, and take it away; raises :class:`CannotRunError`."""
    if options.one_node is not None and nodes == 1 and not environ:
        yield options.one_node()
        return
    if reason := why_no_cluster():
        raise CannotRunError(reason)
    made = Cluster(options.folder, environ=environ)
    try:
        made.up(*([f"--nodes={nodes}"] if nodes > 1 else [f"--node-name={_SINGLE}"]))
        yield made
    finally:
        made.stop()


@contextmanager
def simulated(options: Options, shape: FleetShape) -> Iterator[SimulatedCluster]:
    """Bring a cluster of simulated nodes up, and take it away; raises :class:`CannotRunError`."""
    if shutil.which("mosquitto", path=SEARCH_PATH) is None:
        raise CannotRunError("mosquitto is not installed, and the control plane does not start without")
    if options.simulated is not None:
        yield options.simulated()
        return
    made = SimulatedCluster(options.folder, shape)
    try:
        made.up()
        yield made
    finally:
        made.down()


class Api:
    """The API of a cluster, as its administrator: one connection for requests, one for each watch."""

    def __init__(self, port: int, kubeconfig: Path) -> None:
        self._port = port
        self._tls: ssl.SSLContext = load_access(kubeconfig).ssl_context()
        self._requests: Connection | None = None

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a request, and give the document of its answer."""
        if self._requests is None:
            self._requests = await Connection.open(self._port, self._tls)
        data = json.dumps(body).encode() if body is not None else b""
        answer: dict[str, Any] = json.loads(await self._requests.request(method, path, data))
        return answer

    @asynccontextmanager
    async def watch(self, path: str, query: str = "") -> AsyncIterator[Watch]:
        """Follow a collection, or what a query selects of it, from now on."""
        since = (await self.request("GET", path))["metadata"]["resourceVersion"]
        connection = await Connection.open(self._port, self._tls)
        watch = Watch(connection.lines("GET", f"{path}?watch=1&resourceVersion={since}&{query}"))
        try:
            yield watch
        finally:
            await watch.close()
            connection.close()

    def close(self) -> None:
        """Hang up."""
        if self._requests is not None:
            self._requests.close()


class Watch:
    """Events of a watch, read as they come and stamped with their time."""

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        self._events: asyncio.Queue[tuple[float, dict[str, Any]]] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read(lines))

    async def until(
        self, wanted: Callable[[str, dict[str, Any]], bool], *, patience: float = PATIENCE
    ) -> float:
        """Wait for an event (type, object), and give the time it came (``time.perf_counter``).

        Raises TimeoutError after ``patience`` seconds.
        """
        async with asyncio.timeout(patience):
            while True:
                came, kind, found = await self.next()
                if wanted(kind, found):
                    return came

    async def next(self) -> tuple[float, str, dict[str, Any]]:
        """Wait for the next event: its time (``time.perf_counter``), its type, its object."""
        came, event = await self._events.get()
        return came, event["type"], event["object"]

    async def close(self) -> None:
        """Stop reading."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self, lines: AsyncIterator[bytes]) -> None:
        async for line in lines:
            self._events.put_nowait((time.perf_counter(), json.loads(line)))


def running(name: str) -> Callable[[str, dict[str, Any]], bool]:
    """Give the condition that a pod runs."""
    return lambda _, pod: pod["metadata"]["name"] == name and pod.get("status", {}).get("phase") == "Running"


def deleted(name: str) -> Callable[[str, dict[str, Any]], bool]:
    """Give the condition that an object is gone."""
    return lambda kind, found: kind == "DELETED" and found["metadata"]["name"] == name


def pod(name: str) -> dict[str, Any]:
    """Make a pod that serves the hello page."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "main", "image": hello.IMAGE, "imagePullPolicy": "IfNotPresent"}],
        },
    }


def conmons(cluster: Cluster) -> list[int]:
    """Find the processes that watch over the containers of a cluster's nodes."""
    mark = f"{cluster.folder.root.resolve()}/".encode()
    return [pid for pid in proc.pids() if proc.name(pid) == "conmon" and mark in proc.command_line(pid)]
