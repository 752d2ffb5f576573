"""NodeAffinity: ``nodeSelector``, required and preferred node affinity."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from edgeorch.api.core.scheduling import NodeSelectorRequirement, NodeSelectorTerm
from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Helps, NodeFilter, NodeScore, Refusal
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.normalize import by_highest
from edgeorch_server.scheduler.shape import Shape

REASON = "node(s) didn't match Pod's node affinity/selector"
NAME_FIELD = "metadata.name"

_INTEGER = re.compile(r"[+-]?[0-9]+")


def allows(shape: Shape, node: NodeInfo) -> bool:
    """Tell whether all of nodeSelector and one of the required terms match a node."""
    labels = node.labels
    for key, value in shape.node_selector.items():
        if labels.get(key) != value:
            return False
    affinity = shape.node_affinity
    required = affinity.requiredDuringSchedulingIgnoredDuringExecution if affinity else None
    return required is None or any(_term_matches(term, node) for term in required.nodeSelectorTerms)


def named_nodes(shape: Shape) -> frozenset[str] | None:
    """Give the only nodes a pod can go to, where its affinity names them; None when it does not.

    The pods of a DaemonSet name one each: to look at all nodes for each of them would be a waste.
    """
    affinity = shape.node_affinity
    required = affinity.requiredDuringSchedulingIgnoredDuringExecution if affinity else None
    if required is None or not required.nodeSelectorTerms:
        return None
    found: set[str] = set()
    for term in required.nodeSelectorTerms:
        named = [set(r.values) for r in term.matchFields if r.key == NAME_FIELD and r.operator == "In"]
        if not named:
            return None
        found |= set.intersection(*named)
    return frozenset(found)


class NodeAffinity:
    """Filters by ``spec.nodeSelector`` and ``requiredDuringSchedulingIgnoredDuringExecution``."""

    name = "NodeAffinity"
    helped_by = Helps.NODE

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeFilter | None:
        """Nothing to check without selector and required terms."""
        affinity = shape.node_affinity
        if not shape.node_selector and not (
            affinity and affinity.requiredDuringSchedulingIgnoredDuringExecution
        ):
            return None
        refusal = Refusal(self.name, (REASON,), resolvable=False)
        return lambda node: None if allows(shape, node) else refusal


class NodePreference:
    """Scores by ``preferredDuringSchedulingIgnoredDuringExecution``: the sum of the weights that match."""

    normalize = staticmethod(by_highest)

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeScore | None:
        """Nothing to score without wishes."""
        affinity = shape.node_affinity
        wishes = affinity.preferredDuringSchedulingIgnoredDuringExecution if affinity else []
        if not wishes:
            return None
        return lambda node: sum(wish.weight for wish in wishes if _term_matches(wish.preference, node))


def _term_matches(term: NodeSelectorTerm, node: NodeInfo) -> bool:
    """Apply one term: all its requirements hold; a term without any matches nothing."""
    if not term.matchExpressions and not term.matchFields:
        return False
    return _all_hold(term.matchExpressions, node.labels) and _all_hold(
        term.matchFields, {NAME_FIELD: node.name}
    )


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
