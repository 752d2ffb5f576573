"""Reading a store's folder back: the snapshot, and what the journals say happened since."""

from __future__ import annotations

import logging
import mmap
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from edgeorch.tinystore import frames, records, snapshot
from edgeorch.tinystore.errors import DamagedStore
from edgeorch.tinystore.journal import journal_numbers, journal_path

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Recovered:
    """The state of a folder."""

    tables: dict[str, dict[str, bytes]]
    snapshot_size: int
    journal: int
    """Number of the newest journal; the first one to make if :attr:`journal_end` is None."""
    journal_end: int | None
    """Where the newest journal goes on; None if there is no journal."""
    obsolete: list[Path] = field(default_factory=list)
    """Journals that the snapshot contains."""
    foreign: bool = False
    """The snapshot was put there by a person, and not by a store."""
    torn: list[tuple[Path, int]] = field(default_factory=list)
    """Journals to cut off, and where, before anything is written."""


def recover(folder: Path) -> Recovered:
    """Read everything, change nothing. Raises :class:`DamagedStore`."""
    base = snapshot.read(folder)
    numbers = journal_numbers(folder)
    first = base.next_journal or 1
    current = [number for number in numbers if number >= first]
    state = Recovered(
        tables=base.tables,
        snapshot_size=base.size,
        journal=current[-1] if current else max([first, *(n + 1 for n in numbers)]),
        journal_end=None,
        obsolete=[journal_path(folder, number) for number in numbers if number < first],
    )
    if not current:
        if base.size:
            state.foreign = base.next_journal is None
            log.info("store %s: a snapshot without a journal, as after a restore", folder)
        return state
    _check_chain(folder, base, current)
    for number in current:
        path = journal_path(folder, number)
        later = (journal_path(folder, n) for n in current if n > number)
        state.journal_end = _replay(path, state, later)
    return state


def _check_chain(folder: Path, base: snapshot.Snapshot, current: list[int]) -> None:
    if base.size and base.next_journal is None:
        raise DamagedStore(
            folder / snapshot.SNAPSHOT, 0, "does not say which of the journals beside it belong to it"
        )
    first = base.next_journal or 1
    for expected, number in enumerate(current, start=first):
        if number != expected:
            raise DamagedStore(journal_path(folder, expected), 0, "the file is missing")


def _replay(path: Path, state: Recovered, later: Iterable[Path]) -> int:
    """Apply a journal to the tables and give its end."""
    data = map_file(path)
    end = 0
    for frame in frames.scan(data):
        apply_frame(path, frame, state.tables)
        end = frame.end
    tail = frames.tail(data, end)
    if tail.clean:
        return end
    # The next journal is begun after the last frame of this one was synced.
    if not tail.torn or any(next(frames.find(map_file(other), 0), None) for other in later):
        raise DamagedStore(path, end, "checksum of a record")
    state.torn.append((path, end))
    log.warning("store %s: dropped a commit that was torn at byte %s: it was never acknowledged", path, end)
    return end


def apply_frame(path: Path, frame: frames.Frame, tables: dict[str, dict[str, bytes]]) -> None:
    """Apply one commit; its checksum was right, so what cannot be read was never right."""
    try:
        records.apply(tables, records.decode(frame.payload))
    except ValueError as exc:
        raise DamagedStore(path, frame.offset, "a record that cannot be read") from exc


def map_file(path: Path) -> frames.Data:
    """Map a file into memory for reading."""
    with path.open("rb") as file:
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file cannot be mapped
            return b""
