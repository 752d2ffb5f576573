"""The API of a real control plane, beside etcd's HTTP gateway: both with TLS, both asked by the same client.

An API server does more than a key-value store: it decodes, defaults, admits, validates and renders. It is
compared with etcd all the same, because it is what Kubernetes stands on.
The load generator shares the machine's processors with both.
"""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
from contextlib import AsyncExitStack

import uvloop

from bench import etcd
from bench.contest import Contest, Side
from bench.control_plane import control_plane
from bench.etcd import etcd_binary, running_etcd
from bench.fan_out import fan_out
from bench.http import Connection
from bench.objects import CONFIG_MAPS, PODS, config_map, labelled, pod, without_version
from bench.options import CannotRunError, Options
from bench.table import Row
from bench.usage import rss
from tests.fakes.mosquitto import SEARCH_PATH

_FILES = 8192
_PATCHES = {
    "PATCH (merge) 3 KB pod": "application/merge-patch+json",
    "server-side apply to 3 KB pod": "application/apply-patch+yaml",
}
_APPLIED = "fieldManager=bench&force=true"  # the same label was written by other means before


def run(options: Options) -> list[Row]:
    """Measure."""
    if shutil.which("mosquitto", path=SEARCH_PATH) is None:
        raise CannotRunError("mosquitto is not installed, and the control plane does not start without")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, _FILES)), hard))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(options))


async def _run(options: Options) -> list[Row]:
    async with AsyncExitStack() as stack:
        plane = await stack.enter_async_context(control_plane(options.folder / "server"))
        ours, theirs = Side(plane.connect), None
        if binary := etcd_binary():
            running = running_etcd(binary, options.folder / "etcd", plane.server_tls, plane.tls)
            theirs = Side((await stack.enter_async_context(running)).connect)
        rounds, seconds, clients = (1, 0.3, 8) if options.quick else (4, 2.0, 64)
        contest = Contest(ours, theirs, rounds=rounds, seconds=seconds)
        rows = [] if theirs else [Row("REST", note="no etcd here (Debian: etcd-server): not compared")]
        rows += await _writes(contest, clients, pods=64 if options.quick else 1000, rounds=rounds)
        rows += await _reads(contest, clients)
        for watchers in (10,) if options.quick else (100, 1000):
            rows += await fan_out(plane, theirs, watchers, puts=5 if options.quick else 20)
        rows.append(Row("server RSS MB after all that", rss(plane.pid), lower_is_better=True, target=150))
        for side in filter(None, (ours, theirs)):
            for connection in side.connections:
                connection.close()
        return rows


async def _writes(contest: Contest, clients: int, *, pods: int, rounds: int) -> list[Row]:
    live: dict[str, bytes] = {}

    async def create(connection: Connection, number: int) -> None:
        name = f"p{number}"
        live[name] = await connection.request("POST", PODS, pod(name))

    async def put_pod(connection: Connection, number: int) -> None:
        name = f"p{number % pods}"
        body = live[name].replace(b'"number":"0"', b'"number":"%d"' % number)
        await connection.request("PUT", f"{PODS}/{name}", body)

    async def put_config_map(connection: Connection, number: int) -> None:
        name = f"c{number % clients}"
        await connection.request("PUT", f"{CONFIG_MAPS}/{name}", config_map(name, number))

    async def put_etcd(connection: Connection, number: int) -> None:
        name = f"p{number % pods}"
        await etcd.put(connection, b"/pods/" + name.encode(), pod(name, number))

    await contest.ours.open(1)
    for number in range(clients):
        body = config_map(f"c{number}", 0)
        await contest.ours.connections[0].request("POST", CONFIG_MAPS, body)
    rows = []
    created = await contest.run(create, put_etcd, clients=clients, each=pods // rounds)
    # A client puts back what it got, without the version if it does not care about others' changes.
    live = {name: without_version(data) for name, data in live.items()}
    rows += created.writes(f"POST 3 KB pod, {clients} clients")
    for what, request in (("3 KB pod", put_pod), ("3 KB ConfigMap", put_config_map)):
        alone = await contest.run(request, put_etcd, clients=1)
        rows.append(alone.row(f"PUT {what}, 1 client, p50 ms", lambda times: times.p50, target=1.5))
        many = await contest.run(request, put_etcd, clients=clients)
        rows += many.writes(f"PUT {what}, {clients} clients")
    for what, content_type in _PATCHES.items():

        async def patch(connection: Connection, number: int, content_type: str = content_type) -> None:
            name = f"p{number % pods}"
            path = f"{PODS}/{name}?{_APPLIED if 'apply' in content_type else ''}"
            await connection.request("PATCH", path, labelled(name, number), content_type)

        patched = await contest.run(patch, put_etcd, clients=clients)
        rows += patched.writes(f"{what}, {clients} clients", required=False)
    return rows


async def _reads(contest: Contest, clients: int) -> list[Row]:
    async def get(connection: Connection, _: int) -> None:
        await connection.request("GET", f"{PODS}/p0")

    async def get_etcd(connection: Connection, _: int) -> None:
        await etcd.get(connection, b"/pods/p0")

    async def list_all(connection: Connection, _: int) -> None:
        await connection.request("GET", PODS)

    async def list_etcd(connection: Connection, _: int) -> None:
        await etcd.list_prefix(connection, b"/pods/")

    got = await contest.run(get, get_etcd, clients=clients)
    listed = await contest.run(list_all, list_etcd, clients=1)
    size = await contest.ours.connections[0].request("GET", PODS)
    count = len(json.loads(size)["items"])
    note = f"{len(size) / 1e6:.1f} MB"
    return [
        got.row(f"GET pod, {clients} clients, requests/s", lambda times: times.rate, lower=False),
        got.row(f"GET pod, {clients} clients, p99 ms", lambda times: times.p99),
        listed.row(f"LIST {count:,} pods, 1 client, p50 ms", lambda times: times.p50, note=note),
        listed.row(f"LIST {count:,} pods, 1 client, p99 ms", lambda times: times.p99),
    ]
