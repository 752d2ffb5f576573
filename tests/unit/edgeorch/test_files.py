"""Files are there as a whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from edgeorch.files import PRIVATE, write_file


def test_replaces_the_whole_content(tmp_path: Path) -> None:
    """A second write replaces the first, also where it is shorter, and leaves nothing else behind."""
    path = tmp_path / "a"
    write_file(path, b"long content")
    write_file(path, b"short")
    assert path.read_bytes() == b"short"
    assert list(tmp_path.iterdir()) == [path]


def test_a_private_file_is_its_owners(tmp_path: Path) -> None:
    """A private file has mode 0600, whatever was there before."""
    path = tmp_path / "key"
    write_file(path, b"old")
    write_file(path, b"secret", mode=PRIVATE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """What cannot be renamed into place (a folder is in the way) leaves no temporary file behind."""
    path = tmp_path / "taken"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_file(path, b"x")
    assert list(tmp_path.iterdir()) == [path]
