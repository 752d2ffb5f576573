"""TaintToleration: taints keep pods off that do not tolerate them."""

from __future__ import annotations

from collections.abc import Iterable

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.scheduling import Taint, Toleration
from edgeorch_server.scheduler.framework import NodeFilter
from edgeorch_server.scheduler.snapshot import NodeInfo

HARD_EFFECTS = frozenset({"NoSchedule", "NoExecute"})
"""``PreferNoSchedule`` is a matter of scoring."""


def tolerates(tolerations: Iterable[Toleration], taint: Taint) -> bool:
    """Tell whether any toleration matches a taint.

    Kubernetes, "Taints and Tolerations": an empty effect matches all effects, an empty key with ``Exists``
    matches every taint, and the default operator is ``Equal``.
    """
    return any(_matches(toleration, taint) for toleration in tolerations)


def _matches(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    return bool(toleration.key) and toleration.value == taint.value


class TaintToleration:
    """Filters by taints with the effects NoSchedule and NoExecute."""

    def prepare(self, pod: Pod) -> NodeFilter:
        """Check every hard taint; the first that is not tolerated is the reason."""
        tolerations = pod.spec.tolerations

        def check(node: NodeInfo) -> tuple[str, ...]:
            for taint in node.taints:
                if taint.effect in HARD_EFFECTS and not tolerates(tolerations, taint):
                    return (f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}",)
            return ()

        return check
