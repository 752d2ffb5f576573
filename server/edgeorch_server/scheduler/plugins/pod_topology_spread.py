"""PodTopologySpread: alike pods are spread evenly over places (zones, nodes...)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import Helps, NodeFilter, NodeScore, Place, Refusal, Wide
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.normalize import least_is_best
from edgeorch_server.scheduler.plugins.node_affinity import allows
from edgeorch_server.scheduler.plugins.taint_toleration import untolerated
from edgeorch_server.scheduler.shape import PodInfo, Shape
from edgeorch_server.scheduler.terms import SpreadConstraint

SKEWED = "node(s) didn't match pod topology spread constraints"
NO_LABEL = f"{SKEWED} (missing required label)"


class Tally:
    """Counts per place, which knows the least of them."""

    def __init__(self, min_domains: int) -> None:
        self.counts: dict[str, int] = {}
        self._levels: Counter[int] = Counter()
        self._min_domains = min_domains
        self._least = 0

    @property
    def least(self) -> int:
        """The lowest count; 0 when there are fewer places than there should be (``minDomains``)."""
        return 0 if len(self.counts) < self._min_domains else self._least

    def add(self, value: str, by: int) -> None:
        """Count at a place; 0 only takes note of it."""
        before = self.counts.get(value)
        now = (before or 0) + by
        self.counts[value] = now
        self._levels[now] += 1
        if before is not None:
            self._levels[before] -= 1
            if not self._levels[before]:
                del self._levels[before]
        if now < self._least or self._least not in self._levels:
            self._least = min(self._levels)


class _Constraint:
    """One constraint of one shape: which nodes and pods count, and how many pods do where."""

    def __init__(
        self, spec: SpreadConstraint, shape: Shape, cluster: Cluster, *, same_controller: bool
    ) -> None:
        self.spec = spec
        self._shape = shape
        self._cluster = cluster
        self._same_controller = same_controller
        self.tally = Tally(spec.min_domains)
        self.counts_itself = int(self.counts(shape))

    def counts(self, other: Shape) -> bool:
        """Tell whether pods of a shape are counted."""
        if self._same_controller:
            return other.controller == self._shape.controller
        return other.namespace == self._shape.namespace and self.spec.selector.matches(other.labels)

    def includes(self, node: NodeInfo) -> bool:
        """Tell whether a node's pods are counted (``nodeAffinityPolicy``, ``nodeTaintsPolicy``)."""
        if self.spec.honor_affinity and not allows(self._shape, node):
            return False
        return not (self.spec.honor_taints and untolerated(self._shape, node))

    def skew(self, value: str) -> int:
        """Say how many more pods than the emptiest a place would have with ours."""
        return self.tally.counts.get(value, 0) + self.counts_itself - self.tally.least

    def too_full(self, value: str) -> bool:
        """Tell whether our pod would be one too many for a place."""
        return self.skew(value) > self.spec.max_skew


def _tally(constraints: Sequence[_Constraint], cluster: Cluster, takes: Callable[[NodeInfo], bool]) -> None:
    """Count all pods there are, on the nodes that take part."""
    included: list[dict[str, str]] = [{} for _ in constraints]
    for node in cluster.nodes.values():
        if takes(node):
            for constraint, places in zip(constraints, included, strict=True):
                value = node.labels.get(constraint.spec.topology_key)
                if value is not None and constraint.includes(node):
                    places[node.name] = value
                    constraint.tally.add(value, 0)
    for constraint, places in zip(constraints, included, strict=True):
        for shape, nodes in cluster.population.items():
            if constraint.counts(shape):
                for name, count in nodes.items():
                    if name in places:
                        constraint.tally.add(places[name], count - cluster.leaving(shape, name))


class PodTopologySpread:
    """Filters by the constraints with ``DoNotSchedule``."""

    name = "PodTopologySpread"
    helped_by = Helps.NODE | Helps.POD_GONE | Helps.POD_CAME

    def prepare(self, shape: Shape, cluster: Cluster) -> NodeFilter | None:
        """Nothing to check without constraints."""
        return _Spread(self.name, shape, cluster) if shape.spread else None


class _Spread(Wide):
    def __init__(self, plugin: str, shape: Shape, cluster: Cluster) -> None:
        self._constraints = [_Constraint(spec, shape, cluster, same_controller=False) for spec in shape.spread]
        self._skewed = Refusal(plugin, (SKEWED,))
        self._no_label = Refusal(plugin, (NO_LABEL,), resolvable=False)
        _tally(self._constraints, cluster, self._has_all_keys)

    def __call__(self, node: NodeInfo) -> Refusal | None:
        for constraint in self._constraints:
            value = node.labels.get(constraint.spec.topology_key)
            if value is None:
                return self._no_label
            if constraint.too_full(value):
                return self._skewed
        return None

    def moved(self, pod: PodInfo, node: NodeInfo, by: int) -> Iterable[Place]:
        """Concerns the nodes of places that are too full now and were not, or the reverse."""
        found: list[Place] = []
        if pod.leaving or not self._has_all_keys(node):
            return found
        for constraint in self._constraints:
            if not constraint.counts(pod.shape) or not constraint.includes(node):
                continue
            value = node.labels[constraint.spec.topology_key]
            least, was_full = constraint.tally.least, constraint.too_full(value)
            constraint.tally.add(value, by)
            flipped = self._flipped(constraint, least) if constraint.tally.least != least else []
            if constraint.too_full(value) != was_full:
                flipped.append(value)
            found += [(constraint.spec.topology_key, place) for place in flipped]
        return found

    def _flipped(self, constraint: _Constraint, least: int) -> list[str]:
        """Give the places for which another lowest count makes a difference."""
        limit = constraint.spec.max_skew - constraint.counts_itself
        before, now = limit + least, limit + constraint.tally.least
        return [v for v, count in constraint.tally.counts.items() if (count > before) != (count > now)]

    def _has_all_keys(self, node: NodeInfo) -> bool:
        return all(constraint.spec.topology_key in node.labels for constraint in self._constraints)


class SpreadPreference:
    """Scores by the constraints with ``ScheduleAnyway``, or by the default ones."""

    normalize = staticmethod(least_is_best)

    def prepare(self, shape: Shape, cluster: Cluster) -> NodeScore | None:
        """Nothing to score without constraints."""
        return _LooseSpread(shape, cluster) if shape.loose_spread else None


class _LooseSpread(Wide):
    """Kubernetes' score: pods in the same places, weighted by how many places there are, fewer is better.

    It takes the number of places from all nodes that take part, where Kubernetes takes it from those that are
    possible for this pod: so it stays the same while nodes fill up.
    """

    def __init__(self, shape: Shape, cluster: Cluster) -> None:
        self._needs_all_keys = not shape.default_spread
        self._constraints = [
            _Constraint(spec, shape, cluster, same_controller=shape.default_spread)
            for spec in shape.loose_spread
        ]
        _tally(self._constraints, cluster, self._takes)
        self._weights = [math.log(len(c.tally.counts) + 2) for c in self._constraints]

    def __call__(self, node: NodeInfo) -> int | None:
        if not self._takes(node):
            return None
        score = 0.0
        for constraint, weight in zip(self._constraints, self._weights, strict=True):
            value = node.labels.get(constraint.spec.topology_key)
            if value is not None:
                score += constraint.tally.counts.get(value, 0) * weight + constraint.spec.max_skew - 1
        return math.floor(score + 0.5)

    def moved(self, pod: PodInfo, node: NodeInfo, by: int) -> Iterable[Place]:
        """Concerns every node of the same places."""
        found: list[Place] = []
        if pod.leaving or not self._takes(node):
            return found
        for constraint in self._constraints:
            value = node.labels.get(constraint.spec.topology_key)
            if value is None or not constraint.counts(pod.shape) or not constraint.includes(node):
                continue
            constraint.tally.add(value, by)
            found.append((constraint.spec.topology_key, value))
        return found

    def _takes(self, node: NodeInfo) -> bool:
        return not self._needs_all_keys or all(c.spec.topology_key in node.labels for c in self._constraints)
