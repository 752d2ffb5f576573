"""The backend that keeps the store in TinyDB: group commit, soft writes, revisions reserved ahead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from edgeorch.errors import InsufficientStorage, ServiceUnavailable
from edgeorch.tinystore import DiskFailed, JournalStorage, Record
from edgeorch_server.store.backend import Change, Listener
from edgeorch_server.store.base import Durability

log = logging.getLogger(__name__)

META_TABLE = "_edgeorch"
META_ID = "1"

T = TypeVar("T")
Fail = Callable[[BaseException], None]


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """How the backend trades card wear against loss."""

    soft_interval: float = 5.0
    """Seconds until a soft write goes to the disk, if no durable write takes it along before."""
    revision_block: int = 1_000_000
    """Revisions reserved at a time, which is what a crash skips at most."""


class JournalBackend:
    """A :class:`~edgeorch_server.store.backend.Backend` on a :class:`~edgeorch.tinystore.JournalStorage`.

    All changes wait in one place, the storage's staging area, and a commit takes everything there is. So a
    soft write reaches the disk no later than a durable one after it, many soft writes of one object become
    one, and the disk always holds the state of some revision.

    Invariant: no revision is handed out that is above the last reservation on the disk. A restart after a crash
    goes on above that reservation.
    """

    def __init__(self, storage: JournalStorage, revision: int, fail: Fail, options: BackendOptions) -> None:
        self._storage = storage
        self._fail = fail
        self._options = options
        self._listener: Listener | None = None
        self._revision = revision
        self._reserved = revision
        """Reservation that is on the disk."""
        self._reserving = revision
        """Reservation that is on the disk or on its way."""
        self._oldest_staged: int | None = None
        self._oldest_in_flight: int | None = None
        self._soft_timer: asyncio.TimerHandle | None = None
        self._wanted = asyncio.Event()
        self._committing = asyncio.Lock()
        self._closing = False
        self._failed = False
        # One thread commits, the other one compacts meanwhile.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="edgeorch-store")
        self._committer: asyncio.Task[None] | None = None
        self._compactor: asyncio.Task[None] | None = None

    def listen(self, listener: Listener) -> None:
        """Name the core."""
        self._listener = listener

    async def start(self) -> None:
        """Reserve the first block of revisions and begin to commit."""
        await self._commit()
        self._committer = asyncio.create_task(self._commit_when_wanted(), name="store commits")

    @property
    def oldest_pending(self) -> int | None:
        """Revision of the oldest durable change that is not on the disk yet."""
        return self._oldest_staged if self._oldest_in_flight is None else self._oldest_in_flight

    def append(self, change: Change) -> None:
        """Stage a change, and see to it that it is committed in time."""
        if self._closing or self._failed:
            raise ServiceUnavailable("the store is closed")
        if change.revision > self._reserved:
            self._reserve()  # the disk was full when it was time to; it may still be
            self._wanted.set()
            raise ServiceUnavailable("the disk does not keep up with the writes", retry_after=1)
        data = None if change.deleted else change.entry.data
        self._storage.stage([Record(change.resource, str(change.created), data)])
        self._revision = change.revision
        durable = change.durability is Durability.DURABLE
        if durable and self._oldest_staged is None:
            self._oldest_staged = change.revision
        if durable or self._reserve_is_low():
            self._wanted.set()
        elif self._soft_timer is None:
            loop = asyncio.get_running_loop()
            self._soft_timer = loop.call_later(self._options.soft_interval, self._wanted.set)

    async def close(self) -> None:
        """Commit what is staged, note the exact revision, and let go of the folder."""
        if self._closing:
            return
        self._closing = True
        self._wanted.set()
        if self._committer:
            await self._committer
        if self._compactor:
            await self._compactor
        try:
            if not self._failed:
                self._storage.stage([_reservation(self._revision)])
                self._reserving = self._revision
                await self._commit()
        except (InsufficientStorage, ServiceUnavailable, DiskFailed) as exc:
            log.warning("store: not closed in good order, the next start recovers it: %s", exc)
        finally:
            await self._in_thread(self._storage.close)
            self._threads.shutdown(wait=False)

    async def _commit_when_wanted(self) -> None:
        """Commit until the store is closed or its disk fails."""
        try:
            while not self._closing:
                await self._wanted.wait()
                self._wanted.clear()
                await self._commit()
                if self._storage.compaction_due and (self._compactor is None or self._compactor.done()):
                    self._compactor = asyncio.create_task(self._compact(), name="store compaction")
        except Exception as exc:  # whatever stops the commits: nobody may go on as if they were made
            self._failed = True
            if self._listener:
                self._listener.failed(exc)
            if not isinstance(exc, DiskFailed):  # of that the storage has told
                log.exception("store: commits have stopped")
                self._fail(exc)

    async def _commit(self) -> None:
        """Bring everything staged to the disk and tell the core."""
        async with self._committing:
            self._reserve_in_time()
            if self._soft_timer:
                self._soft_timer.cancel()
                self._soft_timer = None
            commit = self._storage.take()
            if commit is None:
                return
            reserving = self._reserving
            self._oldest_in_flight, self._oldest_staged = self._oldest_staged, None
            await self._in_thread(commit.write)
            self._storage.finish(commit)
            self._oldest_in_flight = None
            self._reserved = reserving
        if self._listener:
            self._listener.committed()

    async def _compact(self) -> None:
        """Write a snapshot while commits go on."""
        compaction = self._storage.begin_compaction()
        if not await self._in_thread(compaction.prepare):
            return
        async with self._committing:
            switched = self._storage.switch(compaction)
        if switched:
            await self._in_thread(compaction.write)
            self._storage.end_compaction(compaction)

    def _reserve_in_time(self) -> None:
        """Reserve the next block of revisions when half of this one is used up."""
        if self._closing or not self._reserve_is_low():
            return
        try:
            self._reserve()
        except InsufficientStorage as exc:
            log.warning("store: no room to reserve revisions: %s", exc)

    def _reserve_is_low(self) -> bool:
        return self._reserving - self._revision <= self._options.revision_block // 2

    def _reserve(self) -> None:
        reserving = self._revision + self._options.revision_block
        self._storage.stage([_reservation(reserving)])
        self._reserving = reserving

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _reservation(revision: int) -> Record:
    return Record(META_TABLE, META_ID, b'{"reservedRevision":%d}' % revision)
