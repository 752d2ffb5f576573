"""What can go wrong with a store's folder."""

from __future__ import annotations

import sys
from pathlib import Path

from edgeorch.errors import EdgeorchError, UserError


class StoreInUse(UserError):
    """Another process has the folder open."""

    def __init__(self, folder: Path, owner: str) -> None:
        by = f"process {owner}" if owner else "another process"
        super().__init__(f"{folder} is in use by {by}: stop it first, or choose another folder")


class DamagedStore(UserError):
    """A file is not what was written to it: what follows the damage cannot be trusted blindly."""

    permanent = True

    def __init__(self, path: Path, offset: int, what: str) -> None:
        super().__init__(
            f"{path} is damaged at byte {offset} ({what}): restore the folder from a backup, or keep what is "
            f"readable with: {sys.executable} -m edgeorch.tinystore repair {path.parent}"
        )
        self.path = path
        self.offset = offset


class DiskFailed(EdgeorchError):
    """The disk did not take what it had promised room for, or could not say that it did."""
