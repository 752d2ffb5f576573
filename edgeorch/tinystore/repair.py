"""Looking after a store that no server has open: check it, repair it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeorch.errors import UserError
from edgeorch.tinystore import frames, snapshot
from edgeorch.tinystore.disk import Disk
from edgeorch.tinystore.errors import DamagedStore
from edgeorch.tinystore.journal import journal_numbers, journal_path
from edgeorch.tinystore.lock import FolderLock
from edgeorch.tinystore.recovery import apply_frame, map_file, recover

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair did."""

    documents: int
    """Documents that are there now."""
    lost: tuple[str, ...]
    """What could not be read: file and bytes, for people."""
    kept: Path
    """Where the files as they were before are kept."""


def check(folder: Path) -> int:
    """Read everything; gives the number of documents. Raises UserError (in use, damaged)."""
    _must_exist(folder)
    lock = FolderLock(folder)
    try:
        return sum(len(documents) for documents in recover(folder).tables.values())
    finally:
        lock.release()


def repair(folder: Path, disk: Disk | None = None) -> Repair:
    """Write a new snapshot of all that is readable, and move the old files aside.

    Commits behind a damaged place are applied as well: each holds whole documents, so what they say is newer
    than anything before it. A document that only a damaged commit changed or removed keeps its older state.
    Raises UserError when another process has the folder open.
    """
    _must_exist(folder)
    disk = disk or Disk()
    lock = FolderLock(folder)
    try:
        base, lost = _read_snapshot(folder)
        numbers = journal_numbers(folder)
        for number in numbers:
            if number >= (base.next_journal or 1):
                lost += _salvage(journal_path(folder, number), base.tables)
        kept = _new_folder(folder)
        for path in [folder / snapshot.SNAPSHOT, *(journal_path(folder, number) for number in numbers)]:
            # The snapshot is linked, not moved: at any moment the folder holds one.
            if path.exists():
                (kept / path.name).hardlink_to(path)
        disk.sync_folder(kept)
        snapshot.write(disk, folder, base.tables, max([0, *numbers]) + 1)
        for number in numbers:
            disk.remove(journal_path(folder, number))
        disk.sync_folder(folder)
    finally:
        lock.release()
    return Repair(sum(map(len, base.tables.values())), tuple(lost), kept)


def _read_snapshot(folder: Path) -> tuple[snapshot.Snapshot, list[str]]:
    try:
        return snapshot.read(folder), []
    except DamagedStore:
        return snapshot.salvage(folder)


def _salvage(path: Path, tables: snapshot.Tables) -> Iterator[str]:
    """Apply every commit of a journal that can be read; gives the gaps between them."""
    data = map_file(path)
    end = 0
    for frame in frames.find(data, 0):
        if frame.offset > end:
            yield f"{path.name}, bytes {end} to {frame.offset}"
        end = frame.end
        try:
            apply_frame(path, frame, tables)
        except DamagedStore:
            yield f"{path.name}, bytes {frame.offset} to {frame.end}"
    if not frames.tail(data, end).clean:
        yield f"{path.name}, from byte {end}"


def _new_folder(folder: Path) -> Path:
    number = 1
    while (kept := folder / f"before-repair-{number}").exists():
        number += 1
    kept.mkdir(mode=0o700)
    return kept


def _must_exist(folder: Path) -> None:
    if not (folder / snapshot.SNAPSHOT).exists() and not (folder.is_dir() and journal_numbers(folder)):
        raise UserError(f"{folder} holds no store")
