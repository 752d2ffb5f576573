"""Which nodes a pod may be on by selector and affinity; for taints see :mod:`edgeorch.api.core.tolerations`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from edgeorch.api.core.scheduling import NodeAffinity, NodeSelectorRequirement, NodeSelectorTerm

NAME_FIELD = "metadata.name"
"""The one field that ``matchFields`` knows."""

_INTEGER = re.compile(r"[+-]?[0-9]+")


def allows_node(
    node_selector: Mapping[str, str], affinity: NodeAffinity | None, name: str, labels: Mapping[str, str]
) -> bool:
    """Tell whether all of nodeSelector and one of the required terms match a node."""
    if any(labels.get(key) != value for key, value in node_selector.items()):
        return False
    required = affinity.requiredDuringSchedulingIgnoredDuringExecution if affinity else None
    return required is None or any(term_matches(term, name, labels) for term in required.nodeSelectorTerms)


def term_matches(term: NodeSelectorTerm, name: str, labels: Mapping[str, str]) -> bool:
    """Apply one term: all its requirements hold; a term without any matches nothing."""
    if not term.matchExpressions and not term.matchFields:
        return False
    return _all_hold(term.matchExpressions, labels) and _all_hold(term.matchFields, {NAME_FIELD: name})


def _all_hold(requirements: Sequence[NodeSelectorRequirement], values: Mapping[str, str]) -> bool:
    return all(_holds(requirement, values) for requirement in requirements)


def _holds(requirement: NodeSelectorRequirement, values: Mapping[str, str]) -> bool:
    value = values.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator:
            return _compares(operator, value or "", requirement.values)
        case _:
            return False


def _compares(operator: str, value: str, bounds: Sequence[str]) -> bool:
    """Compare as integers; what is none never matches."""
    if len(bounds) != 1 or not _INTEGER.fullmatch(value) or not _INTEGER.fullmatch(bounds[0]):
        return False
    number, bound = int(value), int(bounds[0])
    return number > bound if operator == "Gt" else number < bound
