"""Follow a kind: what exists, then every change; the pattern under every controller and the scheduler.

Followed as entries, nothing is parsed: labels, owners and selectable fields are known without. Followed as
objects, every change costs a parse, so only those do that who need whole objects.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch.errors import Expired
from edgeorch_server.registry.base import Entries, ListOptions, Reader
from edgeorch_server.store.base import Entry, Event, EventType

logger = logging.getLogger(__name__)

ObjectT = TypeVar("ObjectT", bound=Object)


@dataclass(frozen=True, slots=True)
class Listed(Generic[ObjectT]):
    """Everything that exists now; whatever was known before and is not in it is gone."""

    objects: Sequence[ObjectT]


@dataclass(frozen=True, slots=True)
class Changed(Generic[ObjectT]):
    """One committed change after that; for DELETED the last state."""

    type: EventType
    object: ObjectT


async def follow_entries(
    objects: Entries, resource: ResourceInfo[Object]
) -> AsyncIterator[Sequence[Entry] | Event]:
    """Stream a kind for ever: a list of all its entries, then events; again from the start after a gap.

    An event may show a state that the list had already: consumers are level-based.
    """
    while True:
        # The watch is open before the list is read, and nothing awaits in between: no gap.
        with objects.watch_entries(resource, "") as watch:
            yield objects.list_entries(resource, ListOptions()).entries
            try:
                async for event in watch:
                    yield event
            except Expired:
                logger.info("fell behind on %s: listing again", resource.plural)
                continue
            return


async def each_kind(
    table: ResourceTable,
    wanted: Callable[[ResourceInfo[Object]], bool],
    work: Callable[[ResourceInfo[Object]], Awaitable[None]],
    name: str,
) -> None:
    """Do ``work`` for every wanted kind of a table, for ever: begun when a kind comes.

    It ends by itself when the kind goes, with the kind's watches, after the last of its events. ``name`` is
    what the tasks are named after.
    """

    async def begin(info: ResourceInfo[Object]) -> None:
        await work(info)

    running: dict[str, asyncio.Task[None]] = {}
    changed = asyncio.Event()
    with table.subscribe(changed.set):
        async with asyncio.TaskGroup() as group:
            while True:
                changed.clear()
                there = {info.key: info for info in table if wanted(info)}
                for key in running.keys() - there.keys():
                    del running[key]
                for key, info in there.items():
                    if key not in running or running[key].done():
                        running[key] = group.create_task(begin(info), name=f"{name}-{key}")
                await changed.wait()


async def follow(
    reader: Reader, resource: ResourceInfo[ObjectT]
) -> AsyncIterator[Listed[ObjectT] | Changed[ObjectT]]:
    """Stream a kind for ever: a :class:`Listed`, then :class:`Changed`; again from the start after a gap.

    A change may show a state that the list had already: consumers are level-based.
    """
    while True:
        # The watch is open before the list is read, and nothing awaits in between: no gap.
        with reader.watch(resource) as watch:
            yield Listed(reader.list(resource))
            try:
                async for event in watch:
                    yield Changed(event.type, resource.model.from_json(event.entry.data))
            except Expired:
                logger.info("fell behind on %s: listing again", resource.plural)
                continue
            return
