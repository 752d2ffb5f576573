"""NodeResourcesFit: requests must fit what is left, and which node suits best by what would be left then."""

from __future__ import annotations

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import MAX_SCORE, Helps, NodeFilter, NodeScore, Refusal
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.requests import CPU, MEMORY, PODS
from edgeorch_server.scheduler.shape import Shape

TOO_MANY_PODS = "Too many pods"


class NodeResourcesFit:
    """Filters by all requested resources, and by the number of pods."""

    name = "NodeResourcesFit"
    helped_by = Helps.NODE | Helps.POD_GONE

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeFilter:
        """Every resource that lacks is a reason of its own."""
        wanted = tuple(shape.request.items())

        def check(node: NodeInfo) -> Refusal | None:
            allocatable, requested = node.facts.allocatable, node.requested
            if len(node.pods) < allocatable.get(PODS, 0):
                for name, amount in wanted:
                    if amount > allocatable.get(name, 0) - requested.get(name, 0):
                        break
                else:
                    return None
            return self._explain(shape, node)

        return check

    def _explain(self, shape: Shape, node: NodeInfo) -> Refusal:
        allocatable, requested = node.facts.allocatable, node.requested
        reasons = [TOO_MANY_PODS] if len(node.pods) >= allocatable.get(PODS, 0) else []
        reasons += [
            f"Insufficient {name}"
            for name, amount in shape.request.items()
            if amount > allocatable.get(name, 0) - requested.get(name, 0)
        ]
        return Refusal(self.name, tuple(reasons))


class LeastAllocated:
    """Scores by what would be left free of CPU and memory, on average, in percent: work is spread out."""

    normalize = None

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeScore:
        """Take the pod for what scoring assumes of it."""
        milli_cpu, memory = shape.milli_cpu, shape.memory

        def score(node: NodeInfo) -> int:
            allocatable = node.facts.allocatable
            total = count = 0
            if cpu := allocatable.get(CPU, 0):
                total += max(cpu - node.milli_cpu - milli_cpu, 0) * MAX_SCORE // cpu
                count += 1
            if ram := allocatable.get(MEMORY, 0):
                total += max(ram - node.memory - memory, 0) * MAX_SCORE // ram
                count += 1
            return total // count if count else 0

        return score


class MostAllocated:
    """Scores by what would be in use of CPU and memory, on average, in percent: work is packed tightly."""

    normalize = None

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeScore:
        """Take the pod for what scoring assumes of it."""
        milli_cpu, memory = shape.milli_cpu, shape.memory

        def score(node: NodeInfo) -> int:
            allocatable = node.facts.allocatable
            total = count = 0
            if cpu := allocatable.get(CPU, 0):
                total += min(node.milli_cpu + milli_cpu, cpu) * MAX_SCORE // cpu
                count += 1
            if ram := allocatable.get(MEMORY, 0):
                total += min(node.memory + memory, ram) * MAX_SCORE // ram
                count += 1
            return total // count if count else 0

        return score


class BalancedAllocation:
    """Scores by how evenly CPU and memory would be used: neither is left over for want of the other."""

    normalize = None

    def prepare(self, shape: Shape, _cluster: Cluster) -> NodeScore | None:
        """Nothing to score for a pod that asks for neither."""
        milli_cpu, memory = shape.request.get(CPU, 0), shape.request.get(MEMORY, 0)
        if not milli_cpu and not memory:
            return None

        def score(node: NodeInfo) -> int:
            allocatable, requested = node.facts.allocatable, node.requested
            cpu, ram = allocatable.get(CPU, 0), allocatable.get(MEMORY, 0)
            if not cpu or not ram:
                return MAX_SCORE
            cpu_part = min((requested.get(CPU, 0) + milli_cpu) / cpu, 1.0)
            ram_part = min((requested.get(MEMORY, 0) + memory) / ram, 1.0)
            return int((1 - abs(cpu_part - ram_part) / 2) * MAX_SCORE)

        return score
