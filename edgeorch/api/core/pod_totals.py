"""What a pod asks for as a whole: the sum of its containers, or what its init containers need meanwhile.

Kubernetes, "Resource sharing within containers" (``resourcehelper.PodRequests`` and ``PodLimits``): sidecars
count with the containers and with every init container after them; overhead comes on top.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgeorch.api import resource_math
from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import PodSpec
from edgeorch.api.quantity import Amount


@dataclass(frozen=True, slots=True)
class Totals:
    """Requests and limits of a pod, per resource."""

    requests: dict[str, Amount]
    limits: dict[str, Amount]


def pod_totals(spec: PodSpec) -> Totals:
    """Add a pod up. Overhead counts as a limit only where the containers have one."""
    overhead = resource_math.parse(spec.overhead)
    requests = _total(spec, lambda c: resource_math.parse(c.resources.requests))
    limits = _total(spec, lambda c: resource_math.parse(c.resources.limits))
    above = {name: amount for name, amount in overhead.items() if limits.get(name)}
    return Totals(resource_math.add(requests, overhead), resource_math.add(limits, above))


def _total(spec: PodSpec, of: Callable[[Container], resource_math.Amounts]) -> dict[str, Amount]:
    sidecars: dict[str, Amount] = {}
    highest: dict[str, Amount] = {}
    for container in spec.initContainers:
        needed = resource_math.add(sidecars, of(container))
        highest = resource_math.maximum(highest, needed)
        if container.restartPolicy == "Always":
            sidecars = needed
    running = resource_math.add(sidecars, resource_math.total(map(of, spec.containers)))
    return resource_math.maximum(running, highest)
