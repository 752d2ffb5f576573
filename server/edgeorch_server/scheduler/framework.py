"""The shape of a scheduling decision, after Kubernetes' scheduling framework: filter, score, choose.

Everything here is pure. A plugin is a small frozen object; what it needs of the pod it computes once in
``prepare`` (pre-filter), so that the work per node stays small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edgeorch.api.core.pod import Pod
from edgeorch_server.scheduler.snapshot import NodeInfo

MAX_SCORE = 100

NodeFilter = Callable[[NodeInfo], Sequence[str]]
"""Why the pod cannot go to a node, in Kubernetes' words; empty when it can."""

NodeScore = Callable[[NodeInfo], float]
"""How well a node suits, from 0 to :data:`MAX_SCORE`."""


class Filter(Protocol):
    """Says which nodes a pod can run on."""

    def prepare(self, pod: Pod) -> NodeFilter | None:
        """Look at the pod; None when it has nothing for this plugin to check."""
        ...


class Score(Protocol):
    """Says which of the possible nodes suit better."""

    def prepare(self, pod: Pod) -> NodeScore:
        """Look at the pod."""
        ...


@dataclass(frozen=True, slots=True)
class Profile:
    """The plugins of one scheduler. The first filter that refuses a node gives the reason, so order matters."""

    filters: Sequence[Filter]
    scores: Sequence[tuple[Score, int]]
    """Plugins with their weights."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The node that was chosen."""

    node: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """No node will do; ``reasons`` counts nodes per reason."""

    reasons: Mapping[str, int]
    nodes: int

    def __str__(self) -> str:
        """Say it as kube-scheduler does (``FitError``)."""
        if not self.nodes:
            return "no nodes available to schedule pods"
        counted = ", ".join(sorted(f"{count} {reason}" for reason, count in self.reasons.items()))
        return f"0/{self.nodes} nodes are available: {counted}."


def place(pod: Pod, nodes: Mapping[str, NodeInfo], profile: Profile) -> Placement | Rejected:
    """Choose the best node for a pod.

    Equal scores go to the node with fewer pods, then to the first by name: the same cluster always gets the
    same answer.
    """
    filters = [check for plugin in profile.filters if (check := plugin.prepare(pod)) is not None]
    reasons: Counter[str] = Counter()
    feasible = []
    for node in nodes.values():
        refused = next((why for check in filters if (why := check(node))), ())
        if refused:
            reasons.update(refused)
        else:
            feasible.append(node)
    if not feasible:
        return Rejected(reasons, len(nodes))
    scores = [(plugin.prepare(pod), weight) for plugin, weight in profile.scores]

    def rank(node: NodeInfo) -> tuple[float, int, str]:
        return -sum(score(node) * weight for score, weight in scores), len(node.pods), node.name

    return Placement(min(feasible, key=rank).name)
