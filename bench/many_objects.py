"""The server's memory for many objects, as its clients made them over the API."""

from __future__ import annotations

import asyncio
import json
import shutil

from bench.control_plane import control_plane
from bench.http import Connection
from bench.load import send
from bench.objects import CONFIG_MAPS, PODS, config_map, pod
from bench.options import CannotRunError, Options
from bench.table import Row
from bench.usage import pss
from tests.fakes.mosquitto import SEARCH_PATH

_PER = 10_000
_CLIENTS = 32
_TARGET = 180.0
"""MB for pods: what the budgets of 450 MB with 5,000 nodes and 20,000 pods, and of 90 MB with few, leave."""


def run(options: Options) -> list[Row]:
    """Measure."""
    if shutil.which("mosquitto", path=SEARCH_PATH) is None:
        raise CannotRunError("mosquitto is not installed, and the control plane does not start without")
    return asyncio.run(_run(options))


async def _run(options: Options) -> list[Row]:
    count, settle = (100, 0.0) if options.quick else (_PER, 5.0)
    rows = []
    async with control_plane(options.folder / "server") as plane:
        connections = [await plane.connect() for _ in range(_CLIENTS)]

        async def create_pod(connection: Connection, number: int) -> None:
            await connection.request("POST", PODS, pod(f"p{number}"))

        async def create_config_map(connection: Connection, number: int) -> None:
            await connection.request("POST", CONFIG_MAPS, config_map(f"c{number}", number))

        for what, path, create in (
            ("ConfigMaps", f"{CONFIG_MAPS}/c0", create_config_map),
            ("pods", f"{PODS}/p0", create_pod),
        ):
            before = pss([plane.pid])
            await send(connections, create, count=count, seconds=float("inf"))
            await asyncio.sleep(settle)
            added = (pss([plane.pid]) - before) * _PER / count
            size = len(json.dumps(json.loads(await connections[0].request("GET", path))))
            rows.append(
                Row(
                    f"server, PSS MB per {_PER:,} {what} of {size / 1000:.1f} KB",
                    added,
                    "their bytes alone",
                    size * _PER / 1e6,
                    lower_is_better=True,
                    target=_TARGET if what == "pods" else None,
                    note=f"what {count:,} added",
                )
            )
        for connection in connections:
            connection.close()
    return rows
