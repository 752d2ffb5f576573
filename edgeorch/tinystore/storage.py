"""TinyDB's storage seam on a journal: a write costs what it changes, and survives what it must.

The folder holds ``tinydb.json`` (the snapshot, a plain TinyDB file), ``journal-NNNNNNNN`` (what happened
since) and ``lock``. In memory the documents are their encoded bytes.

There are two ways to write. TinyDB's own API commits synchronously. A program with an event loop calls
:meth:`JournalStorage.stage` and takes the steps of a commit itself, the blocking one in a thread; each step
says where it may run. *Owner* is the one thread that uses the storage.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tinydb.storages import Storage

from edgeorch.errors import ServiceUnavailable, UserError
from edgeorch.tinystore import frames, records, snapshot
from edgeorch.tinystore.compaction import Compaction
from edgeorch.tinystore.disk import Disk
from edgeorch.tinystore.documents import Documents, Edit
from edgeorch.tinystore.errors import DiskFailed
from edgeorch.tinystore.journal import Journal, journal_path
from edgeorch.tinystore.lock import FolderLock
from edgeorch.tinystore.records import Record
from edgeorch.tinystore.recovery import Recovered, recover

log = logging.getLogger(__name__)

Fail = Callable[[BaseException], None]
"""Told that the disk failed; expected to end the process."""

_NO_DOCUMENTS: Mapping[str, bytes] = MappingProxyType({})


def end_process(error: BaseException) -> None:
    """End the process at once, without any clean-up that could acknowledge something."""
    log.critical("the store's disk failed, ending: %s", error)
    logging.shutdown()
    os._exit(os.EX_IOERR)


@dataclass(frozen=True, slots=True)
class JournalOptions:
    """Sizes in bytes."""

    chunk: int = 1 << 20
    """Room allocated ahead in the journal; what a full disk must have left to take the next writes."""
    compact_at: int = 8 << 20
    """Smallest journal worth a new snapshot. Above it, a journal may grow as large as the snapshot, so that
    compaction at most doubles what is written to the card."""


class Commit:
    """Everything staged up to one moment, on its way to the disk as one frame."""

    def __init__(self, journal: Journal, staged: Collection[Record], size: int, failed: Fail) -> None:
        self._journal = journal
        self._staged = staged
        self.size = size
        """Upper bound of the payload in bytes."""
        self._failed = failed

    def write(self) -> None:
        """Write and sync; any thread.

        Raises :class:`DiskFailed`: what this commit holds must never be acknowledged.
        """
        try:
            self._journal.write(frames.encode(records.encode(self._staged)))
        except OSError as exc:
            self._failed(exc)
            raise DiskFailed(f"the journal could not be written: {exc}") from exc


class JournalStorage(Storage):
    """A folder of documents.

    Raises :class:`~edgeorch.errors.UserError`, such as :class:`~edgeorch.tinystore.errors.StoreInUse` and
    :class:`~edgeorch.tinystore.errors.DamagedStore`, when it cannot be opened. A disk that fails to write
    what it had room for, or to sync, is reported to ``fail``.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        options: JournalOptions | None = None,
        disk: Disk | None = None,
        fail: Fail = end_process,
    ) -> None:
        self._folder = Path(path)
        self._options = options or JournalOptions()
        self._disk = disk or Disk()
        self._fail = fail
        self._dead: BaseException | None = None
        self._staged: dict[tuple[str, str], Record] = {}
        self._staged_size = 0
        self._commit: Commit | None = None
        self._version = 0
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = FolderLock(self._folder)
        except OSError as exc:
            raise _cannot_open(self._folder, exc) from exc
        try:
            state = recover(self._folder)
            self._journal = self._open_journal(state)
        except OSError as exc:
            self._lock.release()
            raise _cannot_open(self._folder, exc) from exc
        except BaseException:
            self._lock.release()
            raise
        self._tables = state.tables
        self._snapshot_size = state.snapshot_size
        self._compact_at = self._next_compaction()

    # --- TinyDB's Storage --------------------------------------------------------------------------------

    def read(self) -> dict[str, Documents]:  # type: ignore[override]  # TinyDB asks for dicts, and reads only
        """Give all tables; documents are decoded when they are looked at."""
        return {name: Documents(documents) for name, documents in self._tables.items()}

    def write(self, data: Mapping[str, Mapping[str, Any]]) -> None:
        """Make ``data`` the contents: commits what differs. A table without documents is no table."""
        changes: list[Record] = []
        for name in self._tables.keys() | data.keys():
            edit = Edit(name, self.documents(name), lambda key: key)
            wanted = data.get(name, {})
            if not isinstance(wanted, Documents):
                for key in edit.keys() - {str(key) for key in wanted}:
                    del edit[key]
                edit.update({str(key): document for key, document in wanted.items()})
            changes += edit.records()
        self.stage(changes)
        self.commit()

    def close(self) -> None:
        """Commit what is staged and let go of the folder. Safe to call twice."""
        try:
            if self._dead is None:
                self.commit()
        finally:
            self._dead = self._dead or ServiceUnavailable("the store is closed")
            self._journal.close()
            self._lock.release()

    # --- documents as bytes ------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Changes with every change of a document."""
        return self._version

    def names(self) -> list[str]:
        """Name the tables that have documents. Owner."""
        return list(self._tables)

    def documents(self, table: str) -> Mapping[str, bytes]:
        """Give the encoded documents of a table, staged ones included. Owner; a live view."""
        return self._tables.get(table, _NO_DOCUMENTS)

    def stage(self, changes: Iterable[Record]) -> None:
        """Change documents in memory, all or none; the next commit brings them to the disk. Owner.

        Several changes of one document become one. Raises :class:`~edgeorch.errors.InsufficientStorage` or
        :class:`~edgeorch.errors.ServiceUnavailable`, and then nothing has changed.
        """
        if self._dead is not None:
            raise ServiceUnavailable("the store is closed or its disk failed") from self._dead
        changes = list(changes)
        size = self._staged_size + sum(change.size for change in changes)
        self._journal.reserve(size + (self._commit.size if self._commit else 0))
        # From here on nothing can fail.
        self._staged_size = size
        self._staged.update({(change.table, change.doc_id): change for change in changes})
        records.apply(self._tables, changes)
        self._version += 1

    def commit(self) -> None:
        """Bring everything staged to the disk, and compact when it is time. Owner; blocks.

        Raises :class:`DiskFailed` if ``fail`` returns.
        """
        commit = self.take()
        if commit:
            commit.write()
            self.finish(commit)
        if self.compaction_due:
            self.compact()

    # --- the steps of a commit ---------------------------------------------------------------------------

    def take(self) -> Commit | None:
        """Begin a commit of everything staged; None if nothing is. Owner, one commit at a time."""
        if not self._staged or self._dead is not None:
            return None
        assert self._commit is None, "one commit at a time"
        self._commit = Commit(self._journal, self._staged.values(), self._staged_size, self._disk_failed)
        self._staged, self._staged_size = {}, 0
        return self._commit

    def finish(self, commit: Commit) -> None:
        """End a commit that was written. Owner."""
        assert commit is self._commit, "the commit that was taken"
        self._commit = None

    # --- compaction --------------------------------------------------------------------------------------

    @property
    def compaction_due(self) -> bool:
        """The journal has grown so long that a new snapshot pays. Owner."""
        return self._journal.end >= self._compact_at and self._dead is None

    def compact(self) -> None:
        """Write a snapshot and begin a new journal. Owner, no commit on its way; blocks."""
        compaction = self.begin_compaction()
        if compaction.prepare() and self.switch(compaction):
            compaction.write()
            self.end_compaction(compaction)

    def begin_compaction(self) -> Compaction:
        """Plan a compaction. Owner, one at a time."""
        # If it fails, let the journal grow a bit before the next attempt.
        self._compact_at = self._journal.end + self._options.chunk
        return Compaction(self._disk, self._folder, self._journal.number + 1, self._options.chunk)

    def switch(self, compaction: Compaction) -> bool:
        """Let the next commit go to the new journal. Owner, no commit on its way.

        False if the new journal has no room for what is staged: the old one stays in use.
        """
        assert self._commit is None, "no commit is on its way"
        if self._dead is not None or not compaction.take_over(self._tables, self._staged_size):
            compaction.abandon()
            return False
        old, self._journal = self._journal, compaction.journal
        old.close()
        self._compact_at = self._next_compaction()
        return True

    def end_compaction(self, compaction: Compaction) -> None:
        """Take note of the new snapshot. Owner."""
        if compaction.snapshot_size:
            self._snapshot_size = compaction.snapshot_size
            self._compact_at = self._next_compaction()

    def _next_compaction(self) -> int:
        return max(self._options.compact_at, self._snapshot_size)

    def _open_journal(self, state: Recovered) -> Journal:
        for path, end in state.torn:
            with contextlib.closing(self._disk.open(path)) as file:
                file.truncate(end)
                file.sync()
        for path in state.obsolete:
            self._disk.remove(path)
        if state.foreign:  # from now on the snapshot has to say which journals belong to it
            snapshot.write(self._disk, self._folder, state.tables, state.journal)
        chunk = self._options.chunk
        if state.journal_end is None:
            return Journal.create(self._disk, self._folder, state.journal, chunk)
        path = journal_path(self._folder, state.journal)
        return Journal.reopen(self._disk, path, state.journal, state.journal_end, chunk)

    def _disk_failed(self, error: BaseException) -> None:
        self._dead = error
        self._fail(error)


def _cannot_open(folder: Path, error: OSError) -> UserError:
    return UserError(f"the store in {folder} cannot be opened: {error.strerror}: {error.filename or folder}")
