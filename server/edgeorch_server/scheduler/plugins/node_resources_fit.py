"""NodeResourcesFit: requests must fit what is left; the least allocated node scores best."""

from __future__ import annotations

from edgeorch.api.core.pod import Pod
from edgeorch_server.scheduler.framework import MAX_SCORE, NodeFilter, NodeScore
from edgeorch_server.scheduler.requests import CPU, MEMORY, PODS, pod_request, scoring_request
from edgeorch_server.scheduler.snapshot import NodeInfo

TOO_MANY_PODS = "Too many pods"


class NodeResourcesFit:
    """Filters by all requested resources, and by the number of pods."""

    def prepare(self, pod: Pod) -> NodeFilter:
        """Every resource that lacks is a reason of its own."""
        wanted = {name: amount for name, amount in pod_request(pod).items() if amount > 0}

        def check(node: NodeInfo) -> tuple[str, ...]:
            reasons = []
            if len(node.pods) + 1 > node.allocatable.get(PODS, 0):
                reasons.append(TOO_MANY_PODS)
            reasons += [
                f"Insufficient {name}"
                for name, amount in wanted.items()
                if amount > node.allocatable.get(name, 0) - node.requested.get(name, 0)
            ]
            return tuple(reasons)

        return check


class LeastAllocated:
    """Scores by what would be left free of CPU and memory, on average, in percent."""

    def prepare(self, pod: Pod) -> NodeScore:
        """Take the pod for what scoring assumes of it."""
        milli_cpu, memory = scoring_request(pod)

        def score(node: NodeInfo) -> float:
            cpu_left = _free(node.allocatable.get(CPU, 0), node.milli_cpu + milli_cpu)
            memory_left = _free(node.allocatable.get(MEMORY, 0), node.memory + memory)
            return (cpu_left + memory_left) / 2

        return score


def _free(capacity: int, requested: int) -> float:
    if capacity <= 0 or requested > capacity:
        return 0
    return (capacity - requested) * MAX_SCORE / capacity
