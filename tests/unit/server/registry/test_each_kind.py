"""Following every kind of a table that changes."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS, PODS
from edgeorch.api.resources import LiveTable, ResourceInfo
from edgeorch_server.registry.follow import each_kind

pytestmark = pytest.mark.looptime


async def test_work_begins_and_ends_with_its_kind() -> None:
    """A kind that comes is followed until its watches end, anew when it comes back; others do not notice."""
    table = LiveTable([PODS, CONFIG_MAPS])
    widgets = dataclasses.replace(CONFIG_MAPS, group="example.com", plural="widgets")
    told: list[tuple[str, str]] = []
    ended = asyncio.Event()

    async def work(info: ResourceInfo[Any]) -> None:
        told.append(("begin", info.key))
        try:
            await ended.wait()
        finally:
            told.append(("end", info.key))

    task = asyncio.create_task(each_kind(table, lambda info: info is not PODS, work, "test"))
    await asyncio.sleep(1)
    table.put("widgets", [widgets])
    await asyncio.sleep(1)
    table.put("widgets", [])
    await asyncio.sleep(1)
    table.put("widgets", [widgets])
    await asyncio.sleep(1)
    assert told == [("begin", "configmaps"), ("begin", widgets.key), ("begin", widgets.key)]
    ended.set()
    await asyncio.sleep(1)
    assert told[3:] == [("end", "configmaps"), ("end", widgets.key), ("end", widgets.key)]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
