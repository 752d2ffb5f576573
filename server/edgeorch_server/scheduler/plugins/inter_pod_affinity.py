"""InterPodAffinity: pods that must, must not, would or would rather not be near to other pods.

Counts per place (topology key and value) are made once per shape of pod, from the shapes of all pods there
are, and then follow every pod that comes or goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import EVERYWHERE, Helps, NodeFilter, NodeScore, Place, Refusal, Wide
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.normalize import between
from edgeorch_server.scheduler.shape import PodInfo, Shape
from edgeorch_server.scheduler.terms import AffinityTerm, Namespaces

AFFINITY = "node(s) didn't match pod affinity rules"
ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
EXISTING_ANTI_AFFINITY = "node(s) didn't satisfy existing pods anti-affinity rules"

HARD_AFFINITY_WEIGHT = 1
"""What a required term of a pod that is there counts as a wish for others to come (Kubernetes' default)."""


def _meant(term: AffinityTerm, shape: Shape, namespaces: Namespaces) -> bool:
    return term.matches(shape.namespace, shape.labels, namespaces)


class InterPodAffinity:
    """Filters by required affinity and anti-affinity, both the pod's own and that of the pods there are."""

    name = "InterPodAffinity"
    helped_by = Helps.NODE | Helps.POD_GONE | Helps.POD_CAME | Helps.NAMESPACE

    def prepare(self, shape: Shape, cluster: Cluster) -> NodeFilter | None:
        """Nothing to check when neither the pod minds others nor any pod minds it."""
        check = _Neighbours(self.name, shape, cluster)
        return check if check.matters else None


@dataclass(frozen=True, slots=True)
class _Effect:
    """What one shape of pod means for the pod to be placed."""

    keeps_off: tuple[str, ...]
    """Topology keys of its anti-affinity terms that mean our pod."""
    wanted: bool
    """It is what all our affinity terms ask for."""
    unwanted: tuple[str, ...]
    """Topology keys of our anti-affinity terms that mean it."""


class _Neighbours(Wide):
    def __init__(self, plugin: str, shape: Shape, cluster: Cluster) -> None:
        self._shape = shape
        self._cluster = cluster
        self._effects: dict[Shape, _Effect | None] = {}
        self._blocking: set[str] = set()
        self._blocked: Counter[Place] = Counter()
        self._unwanted: Counter[Place] = Counter()
        self._wanted: Counter[Place] = Counter()
        self._near = tuple(term.topology_key for term in shape.affinity)
        self._away = tuple(term.topology_key for term in shape.anti_affinity)
        self._is_own_neighbour = all(_meant(term, shape, cluster.namespaces) for term in shape.affinity)
        self._no_affinity = Refusal(plugin, (AFFINITY,), resolvable=False)
        self._anti_affinity = Refusal(plugin, (ANTI_AFFINITY,))
        self._existing = Refusal(plugin, (EXISTING_ANTI_AFFINITY,))
        # Without terms of its own, only pods that have some can mean anything to it.
        others = cluster.population if shape.affinity or shape.anti_affinity else cluster.minding
        for other in others:
            if self._effect(other) is None:
                continue
            for name, count in cluster.population[other].items():
                if (node := cluster.nodes.get(name)) is not None:
                    self._count(other, node, count)

    @property
    def matters(self) -> bool:
        """Whether there is anything to check."""
        return bool(self._near or self._away or self._blocking)

    def __call__(self, node: NodeInfo) -> Refusal | None:
        """Check in kube-scheduler's order: affinity, anti-affinity, anti-affinity of the pods there are."""
        labels = node.labels
        if self._near and not self._has_neighbours(node):
            return self._no_affinity
        for key in self._away:
            if (value := labels.get(key)) is not None and self._unwanted[key, value]:
                return self._anti_affinity
        for key in self._blocking:
            if (value := labels.get(key)) is not None and self._blocked[key, value]:
                return self._existing
        return None

    def moved(self, pod: PodInfo, node: NodeInfo, by: int) -> Iterable[Place]:
        """Concerns every node of a place where the first such pod came, or the last one left."""
        had_any = bool(self._wanted)
        changed = self._count(pod.shape, node, by)
        if self._near and had_any != bool(self._wanted):
            return [EVERYWHERE]  # the rule for the first pod of a group has begun or ended to hold
        return changed

    def _has_neighbours(self, node: NodeInfo) -> bool:
        """Whether every term has a pod in its place on this node.

        Kubernetes, "Inter-pod affinity": a pod that matches its own terms may be the first of its group, where
        no pod in the cluster matches them. The node must have the topology keys all the same.
        """
        labels = node.labels
        near = True
        for key in self._near:
            value = labels.get(key)
            if value is None:
                return False
            near = near and self._wanted[key, value] > 0
        return near or (not self._wanted and self._is_own_neighbour)

    def _count(self, other: Shape, node: NodeInfo, by: int) -> list[Place]:
        """Count a pod in or out; gives the places that now have some where there were none, or the reverse."""
        effect = self._effect(other)
        if effect is None:
            return []
        labels = node.labels
        changed: list[Place] = []
        for keys, counts in (
            (effect.keeps_off, self._blocked),
            (self._near if effect.wanted else (), self._wanted),
            (effect.unwanted, self._unwanted),
        ):
            for key in keys:
                if (value := labels.get(key)) is None:
                    continue
                before = counts[key, value]
                if before + by:
                    counts[key, value] = before + by
                else:
                    del counts[key, value]
                if not before or not before + by:
                    changed.append((key, value))
        return changed

    def _effect(self, other: Shape) -> _Effect | None:
        if other not in self._effects:
            self._effects[other] = self._assess(other)
        return self._effects[other]

    def _assess(self, other: Shape) -> _Effect | None:
        mine, namespaces = self._shape, self._cluster.namespaces
        keeps_off = tuple(t.topology_key for t in other.anti_affinity if _meant(t, mine, namespaces))
        wanted = bool(mine.affinity) and all(_meant(t, other, namespaces) for t in mine.affinity)
        unwanted = tuple(t.topology_key for t in mine.anti_affinity if _meant(t, other, namespaces))
        self._blocking.update(keeps_off)
        return _Effect(keeps_off, wanted, unwanted) if keeps_off or wanted or unwanted else None


class InterPodPreference:
    """Scores by wishes about neighbours, the pod's own and those of the pods there are."""

    normalize = staticmethod(between)

    def prepare(self, shape: Shape, cluster: Cluster) -> NodeScore | None:
        """Nothing to score when neither the pod has wishes nor any pod has some about it."""
        score = _Wishes(shape, cluster)
        return score if score.matters else None


class _Wishes(Wide):
    def __init__(self, shape: Shape, cluster: Cluster) -> None:
        self._shape = shape
        self._cluster = cluster
        self._weights: dict[Shape, dict[str, int]] = {}
        self._scores: Counter[Place] = Counter()
        self._keys: set[str] = set()
        for other in cluster.population if shape.wishes else cluster.minding:
            if not self._weight(other):
                continue
            for name, count in cluster.population[other].items():
                if (node := cluster.nodes.get(name)) is not None:
                    self._count(other, node, count)

    @property
    def matters(self) -> bool:
        """Whether there is anything to score, or will be once a pod of these shapes is elsewhere, too."""
        return bool(self._shape.wishes) or any(self._weights.values())

    def __call__(self, node: NodeInfo) -> int:
        labels = node.labels
        return sum(self._scores[key, value] for key in self._keys if (value := labels.get(key)) is not None)

    def moved(self, pod: PodInfo, node: NodeInfo, by: int) -> Iterable[Place]:
        """Concerns every node of the places that the wishes are about."""
        return self._count(pod.shape, node, by)

    def _count(self, other: Shape, node: NodeInfo, by: int) -> list[Place]:
        changed = []
        for key, weight in self._weight(other).items():
            if (value := node.labels.get(key)) is not None:
                self._keys.add(key)
                self._scores[key, value] += by * weight
                changed.append((key, value))
        return changed

    def _weight(self, other: Shape) -> dict[str, int]:
        """Give what one pod of that shape adds to its place, by topology key."""
        found = self._weights.get(other)
        if found is None:
            found = self._weights[other] = self._assess(other)
        return found

    def _assess(self, other: Shape) -> dict[str, int]:
        mine, namespaces = self._shape, self._cluster.namespaces
        weights: Counter[str] = Counter()
        for wish in mine.wishes:
            if _meant(wish.term, other, namespaces):
                weights[wish.term.topology_key] += wish.weight
        for wish in other.wishes:
            if _meant(wish.term, mine, namespaces):
                weights[wish.term.topology_key] += wish.weight
        for term in other.affinity:
            if _meant(term, mine, namespaces):
                weights[term.topology_key] += HARD_AFFINITY_WEIGHT
        return {key: weight for key, weight in weights.items() if weight}
