"""How scores of different plugins are made comparable: each into 0 to 100 (``NormalizeScore``).

Whole numbers, divided as Go divides them, so that figures can be held against kube-scheduler's own.
"""

from __future__ import annotations

from edgeorch_server.scheduler.framework import MAX_SCORE


def by_highest(score: int, _low: int, high: int) -> int:
    """Give the share of the highest (``DefaultNormalizeScore``)."""
    return score * MAX_SCORE // high if high else 0


def by_highest_reversed(score: int, _low: int, high: int) -> int:
    """Give what is missing to the highest: the least is the best (``DefaultNormalizeScore``, reversed)."""
    return MAX_SCORE - score * MAX_SCORE // high if high else MAX_SCORE


def between(score: int, low: int, high: int) -> int:
    """Give the place between lowest and highest (``InterPodAffinity``)."""
    return int(MAX_SCORE * ((score - low) / (high - low))) if high > low else 0


def least_is_best(score: int, low: int, high: int) -> int:
    """Give the lowest the full score, and the highest what the lowest is worth (``PodTopologySpread``)."""
    return MAX_SCORE * (high + low - score) // high if high else MAX_SCORE
