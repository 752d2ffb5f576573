"""Follow a kind: what exists, then every change; the pattern under every controller and the scheduler.

Followed as entries, nothing is parsed: labels, owners and selectable fields are known without. Followed as
objects, every change costs a parse, so only those do that who need whole objects.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
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
