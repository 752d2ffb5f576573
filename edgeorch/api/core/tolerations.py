"""Which taints a pod tolerates, and for how long (Kubernetes, "Taints and Tolerations")."""

from __future__ import annotations

import math
from collections.abc import Iterable

from edgeorch.api.core.scheduling import Taint, Toleration

NO_EXECUTE = "NoExecute"
"""The effect that also ends pods which are there already."""


def tolerates(tolerations: Iterable[Toleration], taint: Taint) -> bool:
    """Tell whether any toleration matches a taint.

    An empty effect matches all effects, an empty key with ``Exists`` matches every taint, and the default
    operator is ``Equal``.
    """
    return any(_matches(toleration, taint) for toleration in tolerations)


def patience(tolerations: Iterable[Toleration], taints: Iterable[Taint]) -> float:
    """Give the seconds that a pod may stay on a node with these taints: infinity is for ever.

    Of the taints only those with ``NoExecute`` count. One that is not tolerated leaves no time; else the
    shortest ``tolerationSeconds`` of all tolerations that are made use of decides (``getMinTolerationTime``).
    """
    tolerations = tuple(tolerations)
    shortest = math.inf
    for taint in taints:
        if taint.effect != NO_EXECUTE:
            continue
        used = [t.tolerationSeconds for t in tolerations if _matches(t, taint)]
        if not used:
            return 0.0
        shortest = min([shortest, *(max(0.0, seconds) for seconds in used if seconds is not None)])
    return shortest


def _matches(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    return bool(toleration.key) and toleration.value == taint.value
