"""Files that are there as a whole or not at all, whenever the power goes."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

PRIVATE = 0o600
PUBLIC = 0o644


@dataclass(frozen=True, slots=True)
class NewFile:
    """What a file is to be."""

    path: Path
    data: bytes
    mode: int = PUBLIC


def write_file(path: Path, data: bytes, *, mode: int = PUBLIC) -> None:
    """Replace a file and see it onto the disk; raises OSError and then has changed nothing.

    ``mode`` holds from the first byte on, so a private file is never readable by others, not even briefly.
    """
    write_files(NewFile(path, data, mode))


def write_files(*files: NewFile) -> None:
    """Replace files that belong together; a disk that is full (OSError) has all of them as they were.

    They are exchanged one after the other, so the power may go in between.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for file in files:
            temporary = file.path.with_name(f".{file.path.name}.{secrets.token_hex(4)}")
            staged.append((temporary, file.path))
            _write(temporary, file)
        for temporary, path in staged:
            temporary.replace(path)
    except OSError:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        raise
    for folder in {path.parent for _, path in staged}:
        _sync_folder(folder)


def _write(temporary: Path, file: NewFile) -> None:
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(file.data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
