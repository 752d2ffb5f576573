"""Messages that make no sense: counted by kind, logged once per node and kind, otherwise ignored."""

from __future__ import annotations

import logging
from collections import Counter

logger = logging.getLogger(__name__)

MAX_LOGGED = 10_000
"""Pairs of node and kind that are remembered as logged; beyond it nothing more is logged."""


class Garbage:
    """Counts what agents send that the server cannot use."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """Messages by kind: ``malformed``, ``stale``, ``not-bound``..."""
        self._logged: set[tuple[str, str]] = set()

    def add(self, node: str, kind: str, detail: object) -> None:
        """Count one message of a node."""
        self.counts[kind] += 1
        if (node, kind) not in self._logged and len(self._logged) < MAX_LOGGED:
            self._logged.add((node, kind))
            text = str(detail)[:500]
            logger.warning("ignored a message of node %s (%s): %s; more of them are counted", node, kind, text)
