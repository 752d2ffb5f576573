"""When something that failed is tried again."""

from __future__ import annotations

import pytest

from edgeorch_agent.pods import backoff


def test_delays_double_from_ten_seconds_to_five_minutes() -> None:
    """Container restart policy: "exponential back-off delay (10s, 20s, 40s, ...), capped at five minutes"."""
    delays, delay = [], 0.0
    for _ in range(8):
        delays.append(delay)
        delay = backoff.doubled(delay)
    assert delays == [0, 10, 20, 40, 80, 160, 300, 300]


@pytest.mark.parametrize(
    ("since", "now", "left"),
    [(100, 100, 30), (100, 110, 20), (100, 130, 0), (100, 9999, 0), (100, 99, 0), (100, -3600, 0)],
    ids=["at once", "later", "just over", "long over", "clock set back a little", "clock set back an hour"],
)
def test_remaining(since: float, now: float, left: float) -> None:
    """A delay runs off; a clock that was set back never makes it longer."""
    assert backoff.remaining(since, 30, now) == left


def test_ten_minutes_of_running_reset_the_delay() -> None:
    """A container that ran for ten minutes without problems starts again without delay."""
    labels = {backoff.LABEL_BACKOFF: "160"}
    assert backoff.restart_delay(labels, 600) == 160
    assert backoff.restart_delay(labels, 601) == 0


@pytest.mark.parametrize("text", ["", "soon", "nan", "-5", "1e9"])
def test_damaged_label(text: str) -> None:
    """A damaged label gives a delay within the limits, never an error."""
    assert 0 <= backoff.labelled({backoff.LABEL_BACKOFF: text}) <= backoff.MAXIMUM
