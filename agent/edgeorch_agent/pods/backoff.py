"""When something that failed is tried again.

Kubelet keeps crash-loop back-off in memory. Here each container carries, as a label, how long its own end must
be waited out (:data:`LABEL_BACKOFF`), so a restart of the agent or of the board forgets nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

LABEL_BACKOFF = "io.edgeorch.container.backoff"
"""Seconds to wait after this container's end before the next one starts."""

INITIAL = 10.0
MAXIMUM = 300.0
RESET_AFTER = 2 * MAXIMUM
"""A container that ran for longer starts again without delay (flowcontrol.Backoff: twice the maximum)."""


def remaining(since: float, delay: float, now: float) -> float:
    """Give the seconds of ``delay`` that are left.

    A ``since`` that lies ahead means that the clock was set back: nothing is left, or it could be hours.
    """
    return max(0.0, since + delay - now) if now >= since else 0.0


def doubled(delay: float) -> float:
    """Give the next longer delay: 0, 10, 20, ... 300."""
    return min(2 * delay, MAXIMUM) if delay else INITIAL


def restart_delay(labels: Mapping[str, str], ran_for: float) -> float:
    """Give the seconds to wait after the end of a container with these labels."""
    return 0.0 if ran_for > RESET_AFTER else labelled(labels)


def labelled(labels: Mapping[str, str]) -> float:
    """Read the label; one that is missing or damaged means no delay."""
    text = labels.get(LABEL_BACKOFF, "")
    return min(float(text), MAXIMUM) if text.isascii() and text.isdigit() else 0.0
