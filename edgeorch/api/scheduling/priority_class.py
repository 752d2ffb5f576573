"""Priority classes: names for how important a pod is, in all namespaces."""

from __future__ import annotations

from collections.abc import Iterable

from edgeorch.api.meta import Int32, Object, ObjectMeta

PREEMPT = "PreemptLowerPriority"
NEVER = "Never"
PREEMPTION_POLICIES = (PREEMPT, NEVER)

SYSTEM_PREFIX = "system-"
"""Names that begin so are the system's own."""

HIGHEST_OF_USERS = 1_000_000_000
"""The most important that a class of a user's can be (``HighestUserDefinablePriority``)."""

SYSTEM_CRITICAL = 2 * HIGHEST_OF_USERS


class PriorityClass(Object):
    """Stands for a number: of two pods, the one with the higher number is more important."""

    value: Int32 = 0
    """The number; cannot change, since pods have copied it."""
    globalDefault: bool = False
    """Whether pods get this class that name none; at most one class can be that."""
    description: str = ""
    """When to use this class, for people."""
    preemptionPolicy: str | None = None
    """``PreemptLowerPriority`` (the default), or ``Never``: it waits, first in the queue, for others to end."""


def default_priority_class(obj: PriorityClass) -> None:
    """Let pods of the class preempt others, unless it says otherwise (``SetDefaults_PriorityClass``)."""
    obj.preemptionPolicy = obj.preemptionPolicy or PREEMPT


def system_classes() -> tuple[PriorityClass, ...]:
    """Make the classes that every cluster has (``SystemPriorityClasses``)."""
    node = "Used for system critical pods that must not be moved from their current node."
    cluster = (
        "Used for system critical pods that must run in the cluster, "
        "but can be moved to another node if necessary."
    )
    made = (
        PriorityClass(
            metadata=ObjectMeta(name="system-node-critical"), value=SYSTEM_CRITICAL + 1000, description=node
        ),
        PriorityClass(
            metadata=ObjectMeta(name="system-cluster-critical"), value=SYSTEM_CRITICAL, description=cluster
        ),
    )
    for one in made:
        default_priority_class(one)
    return made


def default_class(classes: Iterable[PriorityClass]) -> PriorityClass | None:
    """Find the class of pods that name none; should there be several, the least important."""
    return min((one for one in classes if one.globalDefault), key=lambda one: one.value, default=None)
