"""How fast the number of pods may change: stabilization windows and policies, as pure functions.

"Configurable scaling behavior" of the HorizontalPodAutoscaler's documentation; without a behaviour the number
at most doubles (or gets 4), and falls to the highest of the last five minutes' wishes. Times are seconds of a
clock that never steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edgeorch.api.autoscaling.horizontal_pod_autoscaler import (
    DISABLED,
    MIN,
    PODS_POLICY,
    HorizontalPodAutoscalerBehavior,
    HPAScalingRules,
)

DOWNSCALE_WINDOW = 300
"""``--horizontal-pod-autoscaler-downscale-stabilization``, in seconds."""

_AT_LEAST = 4
"""A workload may always grow to so many at once."""
_FACTOR = 2
_WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")
_TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
_TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
_UP_LIMIT = (
    "ScaleUpLimit",
    "the desired replica count is increasing faster than the maximum scale rate",
)
_DOWN_LIMIT = (
    "ScaleDownLimit",
    "the desired replica count is decreasing faster than the maximum scale rate",
)
_UP_STABILIZED = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
_DOWN_STABILIZED = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
_READY = ("ReadyForNewScale", "recommended size matches current size")


@dataclass(frozen=True, slots=True)
class Timed:
    """A number of pods at a time: a wish, or a change that was made."""

    at: float
    pods: int


@dataclass(frozen=True, slots=True)
class History:
    """What was wished for and done of late; a controller that starts anew knows nothing of it."""

    wishes: tuple[Timed, ...] = ()
    added: tuple[Timed, ...] = ()
    removed: tuple[Timed, ...] = ()

    def with_change(self, old: int, new: int, at: float, behavior: HorizontalPodAutoscalerBehavior) -> History:
        """Note a change, as long as policies may ask for it (``storeScaleEvent``)."""
        begin = at - _longest_period(behavior.scaleUp, behavior.scaleDown)
        added, removed = _within(self.added, begin), _within(self.removed, begin)
        if new > old:
            added = (*added, Timed(at, new - old))
        elif new < old:
            removed = (*removed, Timed(at, old - new))
        return replace(self, added=added, removed=removed)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the spec says about how many pods there may be."""

    fewest: int
    most: int
    behavior: HorizontalPodAutoscalerBehavior | None = None


@dataclass(frozen=True, slots=True)
class Paced:
    """How many pods there may be now, and why not as many as wished."""

    replicas: int
    able: tuple[str, str]
    """Reason and message of ``AbleToScale``, which is True."""
    limited: bool
    limit: tuple[str, str]
    """Reason and message of ``ScalingLimited``."""
    history: History


def pace(limits: Limits, history: History, current: int, wish: int, at: float) -> Paced:
    """Bring a wish within what may be done now, and note it."""
    up, down = _windows(limits.behavior)
    if limits.behavior is None:
        stable = max((wish, *(old.pods for old in _within(history.wishes, at - down))))
    else:
        stable = _stabilized(history.wishes, current, wish, at, up, down)
    if stable == wish:
        able = _READY
    elif limits.behavior is not None and wish >= current:
        able = _UP_STABILIZED
    else:
        able = _DOWN_STABILIZED
    replicas, limit = (
        _limited(limits, current, stable)
        if limits.behavior is None
        else _limited_by_rules(limits, limits.behavior, history, current, stable, at)
    )
    kept = _within(history.wishes, at - max(up, down))
    noted = replace(history, wishes=(*kept, Timed(at, wish)))
    return Paced(replicas, able, replicas != stable, limit, noted)


def _windows(behavior: HorizontalPodAutoscalerBehavior | None) -> tuple[int, int]:
    """Give the stabilization windows upwards and downwards, in seconds."""
    if behavior is None:
        return 0, DOWNSCALE_WINDOW
    up = behavior.scaleUp.stabilizationWindowSeconds if behavior.scaleUp else None
    down = behavior.scaleDown.stabilizationWindowSeconds if behavior.scaleDown else None
    return up or 0, DOWNSCALE_WINDOW if down is None else down


def _stabilized(wishes: Sequence[Timed], current: int, wish: int, at: float, up: int, down: int) -> int:
    """Take the most careful wish of each window (``stabilizeRecommendationWithBehaviors``)."""
    lowest = min((wish, *(old.pods for old in _within(wishes, at - up))))
    highest = max((wish, *(old.pods for old in _within(wishes, at - down))))
    return min(max(current, lowest), highest)


def _limited(limits: Limits, current: int, wish: int) -> tuple[int, tuple[str, str]]:
    """Apply the rules of old (``convertDesiredReplicasWithRules``)."""
    fastest = max(_FACTOR * current, _AT_LEAST)
    if wish < limits.fewest:
        return limits.fewest, _TOO_FEW
    if wish > min(fastest, limits.most):
        return min(fastest, limits.most), _UP_LIMIT if limits.most > fastest else _TOO_MANY
    return wish, _WITHIN


def _limited_by_rules(
    limits: Limits,
    behavior: HorizontalPodAutoscalerBehavior,
    history: History,
    current: int,
    wish: int,
    at: float,
) -> tuple[int, tuple[str, str]]:
    """Apply the policies (``convertDesiredReplicasWithBehaviorRate``)."""
    if wish > current:
        fastest = max(current, _limit(behavior.scaleUp, history, current, at, 1))
        if wish > min(fastest, limits.most):
            return min(fastest, limits.most), _UP_LIMIT if limits.most > fastest else _TOO_MANY
    elif wish < current:
        fastest = min(current, _limit(behavior.scaleDown, history, current, at, -1))
        if wish < max(fastest, limits.fewest):
            return max(fastest, limits.fewest), _DOWN_LIMIT if limits.fewest < fastest else _TOO_FEW
    return wish, _WITHIN


def _limit(rules: HPAScalingRules | None, history: History, current: int, at: float, sign: int) -> int:
    """Give how far policies let the number go, upwards where ``sign`` is 1, downwards where it is -1.

    ``calculateScaleUpLimitWithScalingRules`` and ``calculateScaleDownLimitWithBehaviors``.
    """
    if rules is None or not rules.policies or rules.selectPolicy == DISABLED:
        return current
    # Rounded up on the way up: a small number could never grow by a small percentage.
    whole: Callable[[float], int] = math.ceil if sign > 0 else int
    proposals = []
    for policy in rules.policies:
        start = _at_start(history, current, at - policy.periodSeconds)
        change = policy.value if policy.type == PODS_POLICY else start * policy.value / 100
        proposals.append(whole(start + sign * change))
    smallest_change = rules.selectPolicy == MIN
    return min(proposals) if smallest_change is (sign > 0) else max(proposals)


def _at_start(history: History, current: int, begin: float) -> int:
    """Give how many pods there were when a period began."""
    added = sum(change.pods for change in _within(history.added, begin))
    removed = sum(change.pods for change in _within(history.removed, begin))
    return current - added + removed


def _within(notes: Sequence[Timed], begin: float) -> tuple[Timed, ...]:
    return tuple(note for note in notes if note.at > begin)


def _longest_period(*rules: HPAScalingRules | None) -> int:
    return max((policy.periodSeconds for rule in rules if rule for policy in rule.policies), default=0)
