"""Requests and limits: the quality-of-service class and the cgroup limits that follow."""

from __future__ import annotations

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.requirements import ResourceList
from edgeorch.api.quantity import Amount
from edgeorch_agent.runtime.base import Limits

MIN_SHARES = 2
MAX_SHARES = 262_144
CPU_PERIOD = 100_000
"""Microseconds; kubelet's cpuCFSQuotaPeriod default."""
MIN_QUOTA = 1_000
"""Microseconds; the kernel takes no less than a millisecond."""

OOM_GUARANTEED = -997
OOM_BEST_EFFORT = 1000

COMPUTE = ("cpu", "memory")


def amount(resources: ResourceList, name: str) -> Amount:
    """Give one resource of a list; absent is zero."""
    text = resources.get(name)
    return Amount.parse(text) if text else Amount()


def requested(container: Container, name: str) -> Amount:
    """Give a request; Kubernetes takes the limit where only that is given."""
    return amount(container.resources.requests, name) or amount(container.resources.limits, name)


def qos_class(pod: Pod) -> str:
    """Classify a pod ("Pod Quality of Service Classes")."""
    containers = [*pod.spec.initContainers, *pod.spec.containers]
    if not any(requested(c, name) or amount(c.resources.limits, name) for c in containers for name in COMPUTE):
        return "BestEffort"
    for container in containers:
        for name in COMPUTE:
            limit = amount(container.resources.limits, name)
            if not limit or requested(container, name) != limit:
                return "Burstable"
    return "Guaranteed"


def limits(pod: Pod, container: Container, node_memory: int) -> Limits:
    """Give the cgroup limits kubelet would set; ``node_memory`` in bytes."""
    milli_request = requested(container, "cpu").milli_value()
    milli_limit = amount(container.resources.limits, "cpu").milli_value()
    return Limits(
        cpu_shares=cpu_shares(milli_request),
        cpu_quota=max(milli_limit * CPU_PERIOD // 1000, MIN_QUOTA) if milli_limit else None,
        cpu_period=CPU_PERIOD,
        memory=amount(container.resources.limits, "memory").value() or None,
        oom_score_adj=oom_score_adj(pod, container, node_memory),
    )


def cpu_shares(milli_cpus: int) -> int:
    """Convert a request to cgroup shares: 1024 a CPU (kubelet's MilliCPUToShares)."""
    return min(max(milli_cpus * 1024 // 1000, MIN_SHARES), MAX_SHARES)


def oom_score_adj(pod: Pod, container: Container, node_memory: int) -> int:
    """Say who is killed first when memory runs out ("Node-pressure Eviction", "out of memory behavior")."""
    kind = qos_class(pod)
    if kind == "Guaranteed":
        return OOM_GUARANTEED
    if kind == "BestEffort" or not node_memory:
        return OOM_BEST_EFFORT
    score = 1000 - 1000 * requested(container, "memory").value() // node_memory
    return min(max(score, 1000 + OOM_GUARANTEED), OOM_BEST_EFFORT - 1)
