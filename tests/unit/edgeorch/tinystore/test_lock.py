from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from edgeorch.tinystore.errors import StoreInUse
from edgeorch.tinystore.lock import FolderLock


def test_it_says_who_holds_the_folder(tmp_path: Path) -> None:
    """The process that is in the way is named, also after one with a longer number."""
    (tmp_path / "lock").write_text("123456789012\n")
    lock = FolderLock(tmp_path)
    with pytest.raises(StoreInUse, match=rf"\b{os.getpid()}\b"):
        FolderLock(tmp_path)
    lock.release()
    FolderLock(tmp_path).release()


def test_a_full_disk_keeps_nobody_out(tmp_path: Path, mocker: MockerFixture) -> None:
    """The lock is the kernel's: who holds it need not be written down."""
    mocker.patch("os.pwrite", side_effect=OSError(errno.ENOSPC, "No space left on device"))
    lock = FolderLock(tmp_path)
    with pytest.raises(StoreInUse):
        FolderLock(tmp_path)
    lock.release()
