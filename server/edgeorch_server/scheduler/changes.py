"""A record of what changed in the cluster, for those who keep results per node up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgeorch_server.scheduler.shape import PodInfo

REMEMBERED_CHANGES = 8192
"""Whoever fell further behind looks at everything again, which is cheaper by then."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one node."""

    node: str
    pod: PodInfo | None = None
    """The pod that came or went; None when the node's own facts or nominations changed."""
    by: int = 0
    """1 for a pod that came, -1 for one that went."""


class ChangeLog:
    """The latest changes."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._dropped = 0

    @property
    def position(self) -> int:
        """Where the log ends now."""
        return self._dropped + len(self._changes)

    def append(self, change: Change) -> None:
        """Note a change."""
        self._changes.append(change)
        if len(self._changes) >= 2 * REMEMBERED_CHANGES:
            del self._changes[:REMEMBERED_CHANGES]
            self._dropped += REMEMBERED_CHANGES

    def since(self, position: int) -> Sequence[Change] | None:
        """Give what came after a position; None when it is not remembered any more."""
        return self._changes[position - self._dropped :] if position >= self._dropped else None
