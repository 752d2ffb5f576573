"""NodeAffinity: ``nodeSelector`` and required node affinity."""

from __future__ import annotations

from collections.abc import Mapping

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.scheduling import NodeSelectorRequirement, NodeSelectorTerm
from edgeorch_server.scheduler.framework import NodeFilter
from edgeorch_server.scheduler.snapshot import NodeInfo

REASON = "node(s) didn't match Pod's node affinity/selector"


class NodeAffinity:
    """Filters by ``spec.nodeSelector`` and ``requiredDuringSchedulingIgnoredDuringExecution``."""

    def prepare(self, pod: Pod) -> NodeFilter | None:
        """All of nodeSelector and one of the terms must match."""
        selector = pod.spec.nodeSelector
        affinity = pod.spec.affinity.nodeAffinity if pod.spec.affinity else None
        required = affinity.requiredDuringSchedulingIgnoredDuringExecution if affinity else None
        if not selector and required is None:
            return None

        def check(node: NodeInfo) -> tuple[str, ...]:
            if any(node.labels.get(key) != value for key, value in selector.items()):
                return (REASON,)
            if required is not None and not any(_term_matches(t, node) for t in required.nodeSelectorTerms):
                return (REASON,)
            return ()

        return check


def _term_matches(term: NodeSelectorTerm, node: NodeInfo) -> bool:
    """Apply one term: all its requirements hold; a term without any matches nothing."""
    if not term.matchExpressions and not term.matchFields:
        return False
    fields = {"metadata.name": node.name}
    return all(_requirement_holds(r, node.labels) for r in term.matchExpressions) and all(
        _requirement_holds(r, fields) for r in term.matchFields
    )


def _requirement_holds(requirement: NodeSelectorRequirement, values: Mapping[str, str]) -> bool:
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
            return _compares(operator, value, requirement.values)
        case _:
            return False


def _compares(operator: str, value: str | None, bounds: list[str]) -> bool:
    """Compare as integers; what is none never matches."""
    try:
        number, bound = int(value or ""), int(bounds[0])
    except (ValueError, IndexError):
        return False
    return number > bound if operator == "Gt" else number < bound
