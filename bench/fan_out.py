"""How long it takes until everybody who watches an object has read of its change."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

from bench import etcd
from bench.contest import GATEWAY, Connect, Side
from bench.control_plane import ControlPlane
from bench.http import Connection
from bench.load import percentile
from bench.objects import CONFIG_MAPS, config_map
from bench.table import Row
from bench.usage import cpu_seconds

_SETTLE = 0.05
_PATIENCE = 60.0

Watch = Callable[[Connection], AsyncIterator[bytes]]


async def fan_out(plane: ControlPlane, theirs: Side | None, watchers: int, *, puts: int) -> list[Row]:
    """Change one object so many times while so many connections follow it."""
    path = f"{CONFIG_MAPS}/c0"
    async with AsyncExitStack() as stack:
        writer = await plane.connect()
        stack.callback(writer.close)
        # Not the object's own version: what was written since may be more than the server remembers.
        since = json.loads(await writer.request("GET", f"{CONFIG_MAPS}?limit=1"))["metadata"]["resourceVersion"]

        async def change(number: int) -> None:
            await writer.request("PUT", path, config_map("c0", number))

        def follow(connection: Connection) -> AsyncIterator[bytes]:
            query = f"watch=1&resourceVersion={since}&fieldSelector=metadata.name%3Dc0"
            return connection.lines("GET", f"{CONFIG_MAPS}?{query}")

        before = cpu_seconds(plane.pid)
        await asyncio.sleep(1)
        idle = cpu_seconds(plane.pid) - before
        ours, began = await _watched(
            plane.connect, follow, change, watchers, puts, lambda: cpu_seconds(plane.pid)
        )
        used = (cpu_seconds(plane.pid) - began) * 1e6 / (watchers * puts)
        value = None
        if theirs:
            other = await theirs.connect()
            stack.callback(other.close)
            key = b"/fan/%d" % watchers

            async def change_etcd(number: int) -> None:
                await etcd.put(other, key, config_map("c0", number))

            def follow_etcd(connection: Connection) -> AsyncIterator[bytes]:
                return etcd.watch(connection, key)

            times, _ = await _watched(theirs.connect, follow_etcd, change_etcd, watchers, puts, lambda: 0.0)
            value = percentile(times, 99)
    limit = {100: 25.0, 1000: 100.0}.get(watchers)
    note = f"p50 {percentile(ours, 50):.1f} ms"
    rows = [
        Row(
            f"watch, {watchers:,} watchers, PUT sent -> line read, p99 ms",
            percentile(ours, 99),
            GATEWAY if value else "",
            value,
            lower_is_better=True,
            target=limit,
            note=note,
        )
    ]
    if watchers >= 1000:
        note = f"idle server: {idle * 100:.0f} % of a core"
        rows.append(Row("watch, server CPU per event, us", used, lower_is_better=True, target=40, note=note))
    return rows


async def _watched(
    connect: Connect,
    follow: Watch,
    change: Callable[[int], Awaitable[None]],
    watchers: int,
    puts: int,
    mark: Callable[[], float],
) -> tuple[list[float], float]:
    """Change an object again and again; gives milliseconds until each watcher has read of it, and the mark.

    Watches begin in the past, so that none misses a change. The mark is taken once all of them follow: the
    first change only tells that they do; it does not count.
    """
    times: list[float] = []
    sent = 0.0
    got = 0
    all_got = asyncio.Event()

    async def read(connection: Connection) -> None:
        nonlocal got
        async for line in follow(connection):
            if b"BOOKMARK" in line[:40]:
                continue
            times.append((time.perf_counter() - sent) * 1000)
            got += 1
            if got == watchers:
                all_got.set()
        raise RuntimeError("a watch has ended")

    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        readers = []
        for _ in range(watchers):
            connection = await connect()
            stack.callback(connection.close)
            readers.append(group.create_task(read(connection)))
        marked = 0.0
        for number in range(puts + 1):
            got = 0
            all_got.clear()
            sent = time.perf_counter()
            await change(-number - 1)  # unlike all before: a write that changes nothing is no event
            async with asyncio.timeout(_PATIENCE):
                await all_got.wait()
            if number == 0:
                times.clear()
                marked = mark()
            await asyncio.sleep(_SETTLE)
        for reader in readers:
            reader.cancel()
    return times, marked
