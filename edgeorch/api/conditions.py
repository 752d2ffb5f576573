"""The conditions of workloads: all kinds have the same fields, and are changed by the same rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from edgeorch.api.meta import Model, Required, Time


class WorkloadCondition(Model):
    """One aspect of a workload's state."""

    type: Required[str] = ""
    """What it is about, in CamelCase."""
    status: Required[str] = ""
    """``True``, ``False`` or ``Unknown``."""
    lastTransitionTime: Time | None = None
    """When ``status`` last changed."""
    reason: str = ""
    """One CamelCase word for the last transition."""
    message: str = ""
    """The same for people."""


ConditionT = TypeVar("ConditionT", bound=WorkloadCondition)


def find(conditions: Iterable[ConditionT], kind: str) -> ConditionT | None:
    """Give the condition of a type, if there is one."""
    return next((condition for condition in conditions if condition.type == kind), None)


def without(conditions: Iterable[ConditionT], kind: str) -> list[ConditionT]:
    """Leave the condition of a type out."""
    return [condition for condition in conditions if condition.type != kind]


def with_condition(conditions: Iterable[ConditionT], new: ConditionT) -> list[ConditionT]:
    """Put a condition in (``SetDeploymentCondition`` and its like).

    One of the same status and reason stays as it is, message included, so that saying the same again is no
    change. The transition time moves only with the status.
    """
    before = list(conditions)
    old = find(before, new.type)
    if old is None:
        return [*before, new]
    if (old.status, old.reason) == (new.status, new.reason):
        return before
    if old.status == new.status:
        new = new.model_copy(update={"lastTransitionTime": old.lastTransitionTime})
    return [*without(before, new.type), new]
