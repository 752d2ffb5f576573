"""What a budget's status says in its condition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from edgeorch.api.meta import Condition, format_time
from edgeorch.api.policy.pod_disruption_budget import (
    DISRUPTION_ALLOWED,
    INSUFFICIENT_PODS,
    SUFFICIENT_PODS,
    SYNC_FAILED,
    PodDisruptionBudgetStatus,
)


def tell_allowed(status: PodDisruptionBudgetStatus, now: dt.datetime) -> None:
    """Set the condition by the number (``UpdateDisruptionAllowedCondition``)."""
    allowed = status.disruptionsAllowed > 0
    _tell(status, SUFFICIENT_PODS if allowed else INSUFFICIENT_PODS, now, allowed=allowed)


def tell_failed(status: PodDisruptionBudgetStatus, why: str, now: dt.datetime) -> None:
    """Allow nothing, and say why it is not known what there is room for (``failSafe``)."""
    status.disruptionsAllowed = 0
    _tell(status, SYNC_FAILED, now, allowed=False, message=why)


def failure(status: PodDisruptionBudgetStatus) -> str | None:
    """Give why the last count failed; None if it did not."""
    told = _find(status.conditions)
    return told.message if told and told.status == "False" and told.reason == SYNC_FAILED else None


def _tell(
    status: PodDisruptionBudgetStatus, reason: str, now: dt.datetime, *, allowed: bool, message: str = ""
) -> None:
    word = "True" if allowed else "False"
    old = _find(status.conditions)
    since = old.lastTransitionTime if old and old.status == word else format_time(now)
    new = Condition(
        type=DISRUPTION_ALLOWED,
        status=word,
        observedGeneration=status.observedGeneration,
        lastTransitionTime=since,
        reason=reason,
        message=message,
    )
    others = [condition for condition in status.conditions if condition.type != DISRUPTION_ALLOWED]
    status.conditions = [*others, new]


def _find(conditions: Sequence[Condition]) -> Condition | None:
    return next((condition for condition in conditions if condition.type == DISRUPTION_ALLOWED), None)
