"""Waiting for the state of the world in tests that run against real processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL, _LONGEST_POLL = 0.1, 2.0
_REST = 2.0
"""How much longer than a question the pause after it is: many tests that ask all the time leave no processor to those
who are to answer."""


def wait_until(condition: Callable[[], T | None], what: str, timeout: float = 90.0) -> T:
    """Ask again and again until the answer is true, and give it.

    Fails after ``timeout`` seconds with ``what`` was waited for and the last answer, or the error it ended with.
    An AssertionError of ``condition`` means: not yet.
    """
    deadline = time.monotonic() + timeout
    while True:
        asked = time.monotonic()
        try:
            last: object = (answer := condition())
            if answer:
                return answer
        except AssertionError as exc:
            last = exc
        now = time.monotonic()
        if now > deadline:
            raise AssertionError(f"waited {timeout:.0f} s for {what}; last: {last}")
        time.sleep(min(max(_POLL, _REST * (now - asked)), _LONGEST_POLL))
