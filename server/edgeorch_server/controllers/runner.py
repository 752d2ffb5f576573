"""The generic runner: watches kinds, queues keys, calls ``reconcile``, backs off.

Reconciling is level-based: a request is a key and nothing else; the reconciler reads everything it needs,
computes what should be, and writes the difference. Missed, repeated and late events are therefore harmless.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch.errors import ApiError, Conflict, NotFound, Terminal
from edgeorch_server.controllers.relief import Relief
from edgeorch_server.registry.base import Entries
from edgeorch_server.registry.follow import each_kind, follow_entries
from edgeorch_server.store.base import Entry, Event
from edgeorch_server.workqueue import WorkQueue

logger = logging.getLogger(__name__)

KeyT = TypeVar("KeyT", bound=Hashable)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Names one object; ``namespace`` is empty for cluster-scoped kinds."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class Result:
    """How a reconcile ended well: with or without a wish to be called again after some seconds."""

    requeue_after: float | None = None


DONE = Result()


class Reconciler(Protocol):
    """One controller's logic."""

    async def reconcile(self, key: Key) -> Result:
        """Make the world match the object ``key`` names; the object may be gone.

        Any error queues the key again with back-off, except :class:`edgeorch.errors.Terminal`.
        """
        ...


KeysOf = Callable[[Entry], Iterable[Key]]
"""Says which keys a version of an object concerns. It sees labels, owners and fields, and parses nothing."""


def own_key(entry: Entry) -> Iterable[Key]:
    """Map an object to itself."""
    return (Key(entry.namespace, entry.name),)


def controller_key(kind: str) -> KeysOf:
    """Map an object to the controller of this kind that manages it."""

    def keys(entry: Entry) -> Iterable[Key]:
        owner = entry.controller
        return (Key(entry.namespace, owner.name),) if owner and owner.kind == kind else ()

    return keys


@dataclass(frozen=True, slots=True)
class Source:
    """A kind to watch, and which keys an object of it concerns.

    Of a change both versions are asked: an object that was released or relabelled concerns its old owner too.
    """

    resource: ResourceInfo[Any]
    keys: KeysOf = own_key


@dataclass(frozen=True, slots=True)
class Sources:
    """Every wanted kind of a table that may change, and which keys an object of a kind concerns."""

    table: ResourceTable
    wanted: Callable[[ResourceInfo[Any]], bool]
    keys_of: Callable[[ResourceInfo[Any]], KeysOf]

    def __iter__(self) -> Iterator[Source]:
        """Give the sources there are at this moment."""
        return (Source(info, self.keys_of(info)) for info in self.table if self.wanted(info))


@dataclass(frozen=True, slots=True)
class Controller:
    """A reconciler with what wakes it; :meth:`run` is its task."""

    name: str
    reconciler: Reconciler
    sources: Sequence[Source] | Sources
    objects: Entries
    reliefs: Sequence[Relief] = ()
    """What ends the back-off of keys in a namespace."""
    workers: int = 1
    queue: WorkQueue[Key] = field(default_factory=WorkQueue)

    async def run(self) -> None:
        """Run for ever."""
        try:
            async with asyncio.TaskGroup() as group:
                if isinstance(self.sources, Sources):
                    group.create_task(self._follow_all(self.sources), name=f"{self.name}-kinds")
                else:
                    for source in self.sources:
                        group.create_task(self._follow(source), name=f"{self.name}-{source.resource.plural}")
                for relief in self.reliefs:
                    group.create_task(self._relieve(relief), name=f"{self.name}-{relief.resource.plural}")
                for number in range(self.workers):
                    work = work_off(self.name, self.queue, self.reconciler.reconcile)
                    group.create_task(work, name=f"{self.name}-{number}")
        finally:
            self.queue.close()

    async def _follow_all(self, sources: Sources) -> None:
        async def follow(resource: ResourceInfo[Any]) -> None:
            await self._follow(Source(resource, sources.keys_of(resource)))

        await each_kind(sources.table, sources.wanted, follow, self.name)

    async def _follow(self, source: Source) -> None:
        async for news in follow_entries(self.objects, source.resource):
            versions = (news.previous, news.entry) if isinstance(news, Event) else news
            for key in {key: None for entry in versions if entry for key in source.keys(entry)}:
                self.queue.add(key)

    async def _relieve(self, relief: Relief) -> None:
        """Queue at once what may succeed now; should it fail again, its back-off goes on from where it was."""
        async for news in follow_entries(self.objects, relief.resource):
            unsettled = self.queue.unsettled()
            # Quotas change with each pod, and hardly ever is anybody waiting for them.
            if unsettled and isinstance(news, Event):
                namespace = relief.where(news)
                for key in unsettled:
                    if key.namespace == namespace:
                        self.queue.add(key)


async def work_off(name: str, queue: WorkQueue[KeyT], reconcile: Callable[[KeyT], Awaitable[Result]]) -> None:
    """Reconcile one key after the other, for ever, as one worker of the controller ``name``."""
    while True:
        key = await queue.get()
        try:
            await _reconcile(name, queue, reconcile, key)
        finally:
            queue.done(key)


async def _reconcile(
    name: str, queue: WorkQueue[KeyT], reconcile: Callable[[KeyT], Awaitable[Result]], key: KeyT
) -> None:
    try:
        result = await reconcile(key)
    except (Conflict, NotFound) as exc:
        # Somebody else wrote meanwhile: everyday business, read again.
        logger.debug("%s: %s: %s", name, key, exc)
        queue.retry(key)
    except Terminal as exc:
        logger.warning("%s gives up on %s: %s", name, key, exc)
        queue.forget(key)
    except ApiError as exc:
        delay = queue.retry(key)
        logger.warning("%s could not reconcile %s, again in %.3f s: %s", name, key, delay, exc)
    except Exception:
        delay = queue.retry(key)
        logger.exception("%s failed on %s, again in %.3f s", name, key, delay)
    else:
        queue.forget(key)
        if result.requeue_after is not None:
            queue.add_after(key, result.requeue_after)
