"""Durable writes per second: the store against etcd, SQLite and stock TinyDB.

Every write puts a whole 3 KB object and counts once it has been synced to the disk. "N writers" wait for their
own write each before they send the next one. Ours, SQLite and TinyDB run in this process; etcd is spoken to
through its HTTP gateway on loopback, and shares the processor with its client: what crosses a socket costs
more than what does not, so read that ratio with care.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import uvloop
from tinydb import TinyDB

from bench.etcd import etcd_binary, put, running_etcd
from bench.http import Connection
from bench.options import Options
from bench.table import Row
from edgeorch_server.store.base import Draft
from edgeorch_server.store.tinydb import TinyStore

OBJECTS = 2000
"""How many different objects the writers of a benchmark overwrite in turn."""

Put = Callable[[str, int], Awaitable[None]]
"""Writes an object of this name with this number in it, and returns once it is durable."""
Target = Callable[[Path, int], AbstractAsyncContextManager[list[Put]]]
"""Gives one ``Put`` per writer."""


def pod(name: str, number: int) -> bytes:
    """Make an object of about 3 KB."""
    meta = {"name": name, "namespace": "default", "resourceVersion": str(number), "labels": {"app": name}}
    env = [{"name": f"VARIABLE_{n}", "value": f"a value of some length {n}"} for n in range(40)]
    return json.dumps({"metadata": meta, "spec": {"containers": [{"name": "main", "env": env}]}}).encode()


TEMPLATE = pod("NAME", 0)


@asynccontextmanager
async def ours(folder: Path, writers: int) -> AsyncIterator[list[Put]]:
    """Write through the MVCC store, on its journal."""
    async with await TinyStore.open(folder / "store", lambda _resource, _object: {}) as store:

        async def put(name: str, _: int) -> None:
            def build(revision: int) -> Draft:
                data = TEMPLATE.replace(b"NAME", name.encode()).replace(b'"0"', b'"%d"' % revision)
                return Draft(data, "", {}, {})

            await store.committed(store.put("pods", "default", name, build).revision)

        yield [put] * writers


@asynccontextmanager
async def sqlite(folder: Path, writers: int) -> AsyncIterator[list[Put]]:
    """Write to SQLite: WAL, ``synchronous=FULL``, one transaction for all that wait."""
    thread = ThreadPoolExecutor(1)
    loop = asyncio.get_running_loop()
    database = sqlite3.connect(folder / "bench.sqlite", check_same_thread=False, isolation_level=None)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=full")
    database.execute("create table objects (name text primary key, data blob)")
    waiting: list[tuple[str, bytes, asyncio.Future[None]]] = []
    wanted = asyncio.Event()

    def write(batch: list[tuple[str, bytes, asyncio.Future[None]]]) -> None:
        database.execute("begin")
        database.executemany("replace into objects values (?, ?)", [(name, data) for name, data, _ in batch])
        database.execute("commit")

    async def commit() -> None:
        while True:
            await wanted.wait()
            wanted.clear()
            batch, waiting[:] = waiting[:], []
            await loop.run_in_executor(thread, write, batch)
            for _, _, future in batch:
                future.set_result(None)

    async def put(name: str, number: int) -> None:
        future: asyncio.Future[None] = loop.create_future()
        data = TEMPLATE.replace(b"NAME", name.encode()).replace(b'"0"', b'"%d"' % number)
        waiting.append((name, data, future))
        wanted.set()
        await future

    committer = asyncio.create_task(commit())
    yield [put] * writers
    committer.cancel()
    thread.shutdown()
    database.close()


@asynccontextmanager
async def etcd(folder: Path, writers: int) -> AsyncIterator[list[Put]]:
    """Write to a single etcd, one connection per writer."""
    binary = etcd_binary()
    assert binary is not None

    def putter(connection: Connection) -> Put:
        async def put_one(name: str, number: int) -> None:
            data = TEMPLATE.replace(b"NAME", name.encode()).replace(b'"0"', b'"%d"' % number)
            await put(connection, b"/pods/default/" + name.encode(), data)

        return put_one

    async with running_etcd(binary, folder / "etcd") as server:
        connections = [await server.connect() for _ in range(writers)]
        yield [putter(connection) for connection in connections]
        for connection in connections:
            connection.close()


async def rate(target: Target, writers: int, seconds: float, place: Path) -> float:
    """Let the writers write for so long; gives writes per second."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=place)))
        puts = await stack.enter_async_context(target(folder, writers))
        end = time.perf_counter() + seconds
        done = 0

        async def write(writer: int, put: Put) -> None:
            nonlocal done
            number = 0
            while time.perf_counter() < end:
                number += 1
                await put(f"w{writer}-{number % (OBJECTS // writers)}", number)
                done += 1

        begin = time.perf_counter()
        await asyncio.gather(*(write(n, put) for n, put in enumerate(puts)))
        return done / (time.perf_counter() - begin)


def stock_tinydb(objects: int, seconds: float, place: Path) -> float:
    """Update one of so many objects at a time in a stock TinyDB; gives writes per second."""
    with TinyDB(place / f"{objects}.json") as db:
        table = db.table("pods")
        table.insert_multiple(json.loads(pod(f"p{n}", n)) for n in range(objects))
        begin, done = time.perf_counter(), 0
        while time.perf_counter() < begin + seconds or done < 2:
            done += 1
            table.update({"number": done}, doc_ids=[done % objects + 1])
        return done / (time.perf_counter() - begin)


def run(options: Options) -> list[Row]:
    """Measure; in rounds, because machines have moods, of which the medians count."""
    rounds, seconds = (1, 0.3) if options.quick else (3, 2.5)
    targets: dict[str, tuple[Target, dict[int, float]]] = {
        "SQLite (WAL, FULL, group commit)": (sqlite, {64: 1}),
    }
    rows = []
    if etcd_binary():
        targets["etcd 3.4 (HTTP gateway)"] = (etcd, {1: 1.5, 64: 3})
    else:
        rows.append(Row("durable writes/s", note="no etcd here (Debian: etcd-server): not compared"))
    ours_alone = 0.0
    for writers in (1, 64):
        found: dict[str, list[float]] = {name: [] for name in ("ours", *targets)}
        for _ in range(rounds):
            for name, target in {
                "ours": ours,
                **{name: target for name, (target, _) in targets.items()},
            }.items():
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    found[name].append(runner.run(rate(target, writers, seconds, options.folder)))
        mine = statistics.median(found["ours"])
        ours_alone = ours_alone or mine
        metric = f"durable writes/s, {writers} writer{'s' if writers > 1 else ''}"
        rows += [
            Row(metric, mine, name, statistics.median(found[name]), target_ratio=wanted.get(writers))
            for name, (_, wanted) in targets.items()
        ]
    for objects in (100,) if options.quick else (1000, 5000):
        value = stock_tinydb(objects, seconds, options.folder)
        wanted = 1000 if objects == 5000 else None
        baseline = f"stock TinyDB, {objects:,} objects"
        rows.append(Row("durable writes/s, 1 writer", ours_alone, baseline, value, target_ratio=wanted))
    return rows
