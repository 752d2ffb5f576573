"""The pure part of the sync handshake: what to publish, what to drop, when to ask, how often to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SETTLE_SECONDS = 3.0
"""A digest may differ for this long after a change: the messages are on their way."""
ASK_AGAIN_SECONDS = 20.0
FREE_ANSWERS = 3
"""Handshakes in a row that are answered at once; further ones wait, for the network's and the card's sake."""
QUIET_SECONDS = 60.0
MAX_DELAY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Repair:
    """What makes a node agree."""

    publish: tuple[str, ...]
    """Keys that it lacks or has in another version."""
    drop: Mapping[str, str]
    """Keys that it should not have, with the version it reported."""


def plan_repair(holds: Mapping[str, str], wanted: Mapping[str, str]) -> Repair:
    """Compare what a node holds with what it should hold; both map keys to versions."""
    return Repair(
        publish=tuple(key for key, version in wanted.items() if holds.get(key) != version),
        drop={key: version for key, version in holds.items() if key not in wanted},
    )


class DigestWatch:
    """Decides for one node when a digest that differs is worth a handshake."""

    def __init__(self) -> None:
        self._expected = ""
        self._expected_since = 0.0
        self._asked_at = float("-inf")

    def should_ask(self, reported: str, expected: str, now: float) -> bool:
        """Look at a heartbeat; ``expected`` is the digest of what the node should hold now."""
        if expected != self._expected:
            self._expected, self._expected_since = expected, now
        if reported == expected or now - self._asked_at < ASK_AGAIN_SECONDS:
            return False
        if now - self._expected_since < SETTLE_SECONDS:
            return False
        self._asked_at = now
        return True


class AnswerPace:
    """Slows down one node's handshakes when they never end in agreement."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._last = float("-inf")

    def begin(self, now: float) -> int:
        """Count a handshake: gives 1 for the first one after a quiet time, 2 for the second one in a row..."""
        if now - self._last > QUIET_SECONDS:
            self._in_a_row = 0
        self._in_a_row += 1
        self._last = now
        return self._in_a_row

    @property
    def delay(self) -> float:
        """Seconds to wait before the handshake that was begun last."""
        if self._in_a_row <= FREE_ANSWERS:
            return 0.0
        return float(min(2 ** (self._in_a_row - FREE_ANSWERS - 1), MAX_DELAY_SECONDS))
