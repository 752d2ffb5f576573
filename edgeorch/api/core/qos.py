"""Quality of service: which pods go first when a node runs out of memory."""

from __future__ import annotations

from edgeorch.api.core.pod import PodSpec
from edgeorch.api.core.requirements import ResourceList
from edgeorch.api.quantity import Amount

GUARANTEED = "Guaranteed"
BURSTABLE = "Burstable"
BEST_EFFORT = "BestEffort"

_COUNTED = ("cpu", "memory")


def qos_class(spec: PodSpec) -> str:
    """Compute ``status.qosClass`` as Kubernetes' ``ComputePodQOS`` does.

    ``Guaranteed``: every container, init containers too, limits CPU and memory and requests just that.
    ``BestEffort``: none requests or limits either. ``Burstable``: anything else.
    """
    containers = [c.resources for c in (*spec.initContainers, *spec.containers)]
    limits = [_counted(c.limits) for c in containers]
    requests = [_counted(c.requests) for c in containers]
    if not any(limits) and not any(requests):
        return BEST_EFFORT
    if all(len(limit) == len(_COUNTED) for limit in limits) and _sum(limits) == _sum(requests):
        return GUARANTEED
    return BURSTABLE


def _counted(resources: ResourceList) -> dict[str, int]:
    amounts = {name: Amount.parse(resources[name]).nanos for name in _COUNTED if name in resources}
    return {name: nanos for name, nanos in amounts.items() if nanos > 0}


def _sum(lists: list[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for amounts in lists:
        for name, nanos in amounts.items():
            total[name] = total.get(name, 0) + nanos
    return total
