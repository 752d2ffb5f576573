"""What a pod reserves on its node, in integers: milli-CPUs, bytes, and counts of anything else.

The effective request of a pod is Kubernetes' ("Init containers: resource sharing within containers"): the sum
over its containers and sidecars, or the highest any init container needs while it runs, whichever is more.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod
from edgeorch.api.quantity import Amount

CPU = "cpu"
MEMORY = "memory"
PODS = "pods"

DEFAULT_MILLI_CPU = 100
DEFAULT_MEMORY = 200 * 1024 * 1024
"""What scoring assumes of containers that request nothing (kube-scheduler's ``GetNonzeroRequests``), so that
they spread too. Filtering takes them at their word."""

Request = Mapping[str, int]


@functools.lru_cache(maxsize=1024)
def to_units(name: str, quantity: str) -> int:
    """Give a quantity in the resource's unit: milli-CPUs for cpu, whole units for the rest, rounded up.

    Manifests use the same few quantities again and again, so what was read is kept.
    """
    amount = Amount.parse(quantity)
    return amount.milli_value() if name == CPU else amount.value()


def units(resources: Mapping[str, str]) -> dict[str, int]:
    """Convert a resource list."""
    return {name: to_units(name, quantity) for name, quantity in resources.items()}


def pod_request(pod: Pod) -> dict[str, int]:
    """Give what the pod asks for, without the defaults for scoring."""
    return _effective(pod, _requests_of)


def scoring_request(pod: Pod) -> tuple[int, int]:
    """Give milli-CPUs and bytes that scoring takes the pod for."""
    effective = _effective(pod, _nonzero_requests_of)
    return effective.get(CPU, 0), effective.get(MEMORY, 0)


def _requests_of(container: Container) -> dict[str, int]:
    return units(container.resources.requests) if container.resources else {}


def _nonzero_requests_of(container: Container) -> dict[str, int]:
    return {CPU: DEFAULT_MILLI_CPU, MEMORY: DEFAULT_MEMORY} | _requests_of(container)


def _effective(pod: Pod, of: Callable[[Container], dict[str, int]]) -> dict[str, int]:
    sidecars: dict[str, int] = {}
    highest: dict[str, int] = {}
    for container in pod.spec.initContainers:
        if container.restartPolicy == "Always":
            sidecars = _sum((sidecars, of(container)))
            highest = _maximum(highest, sidecars)
        else:
            highest = _maximum(highest, _sum((sidecars, of(container))))
    running = _sum((sidecars, *(of(container) for container in pod.spec.containers)))
    return _sum((_maximum(running, highest), units(pod.spec.overhead)))


def _sum(requests: Iterable[Request]) -> dict[str, int]:
    total: dict[str, int] = {}
    for request in requests:
        for name, amount in request.items():
            total[name] = total.get(name, 0) + amount
    return total


def _maximum(left: Request, right: Request) -> dict[str, int]:
    return {name: max(left.get(name, 0), right.get(name, 0)) for name in {**left, **right}}
