"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_SECONDS = 0.5
LIMIT_SECONDS = 15.0
"""A board is back within seconds of its server; thousands of boards make some hundred attempts a second."""


class Backoff:
    """Exponential delays with jitter: the n-th one lies between half of ``first * 2**n`` and all of it.

    The jitter spreads a fleet that lost its broker at the same moment.
    """

    def __init__(
        self,
        first: float = FIRST_SECONDS,
        limit: float = LIMIT_SECONDS,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._first = first
        self._limit = limit
        self._uniform = uniform
        self._ceiling = first

    def next(self) -> float:
        """Give the delay in seconds, and make the following one longer."""
        delay = self._uniform(self._ceiling / 2, self._ceiling)
        self._ceiling = min(self._ceiling * 2, self._limit)
        return delay

    def reset(self) -> None:
        """Begin again with the first delay: the attempt has succeeded."""
        self._ceiling = self._first
