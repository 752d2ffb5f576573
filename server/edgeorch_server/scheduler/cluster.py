"""The scheduler's picture of the cluster, and a record of what changed in it.

It is changed by news (nodes, bound pods, namespaces) and by the scheduler's own decisions, which count at once.
All on one event loop: while a decision is made, nothing changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from edgeorch_server.scheduler.node_info import NodeFacts, NodeInfo
from edgeorch_server.scheduler.shape import PodInfo, Shape
from edgeorch_server.scheduler.terms import Labels

REMEMBERED_CHANGES = 8192
"""Whoever fell further behind looks at everything again, which is cheaper by then."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one node."""

    node: str
    pod: PodInfo | None = None
    """The pod that came or went; None when the node's own facts or nominations changed."""
    by: int = 0
    """1 for a pod that came, -1 for one that went."""


class ChangeLog:
    """The latest changes, for those who keep results per node up to date."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._dropped = 0

    @property
    def position(self) -> int:
        """Where the log ends now."""
        return self._dropped + len(self._changes)

    def append(self, change: Change) -> None:
        """Note a change."""
        self._changes.append(change)
        if len(self._changes) >= 2 * REMEMBERED_CHANGES:
            del self._changes[:REMEMBERED_CHANGES]
            self._dropped += REMEMBERED_CHANGES

    def since(self, position: int) -> Sequence[Change] | None:
        """Give what came after a position; None when it is not remembered any more."""
        return self._changes[position - self._dropped :] if position >= self._dropped else None


class Domains:
    """Which nodes are one place, by topology key. A key is looked at when it is first asked for."""

    def __init__(self) -> None:
        self._by_key: dict[str, dict[str, set[str]]] = {}

    def of(self, key: str, nodes: Iterable[NodeInfo]) -> Mapping[str, Set[str]]:
        """Give the names of the nodes by their value of that label."""
        found = self._by_key.get(key)
        if found is None:
            found = self._by_key[key] = {}
            for node in nodes:
                if (value := node.labels.get(key)) is not None:
                    found.setdefault(value, set()).add(node.name)
        return found

    def add(self, facts: NodeFacts) -> None:
        """Take a node in."""
        for key, places in self._by_key.items():
            if (value := facts.labels.get(key)) is not None:
                places.setdefault(value, set()).add(facts.name)

    def remove(self, facts: NodeFacts) -> None:
        """Leave a node out."""
        for key, places in self._by_key.items():
            if (value := facts.labels.get(key)) is not None:
                places[value].discard(facts.name)
                if not places[value]:
                    del places[value]


class Cluster:
    """Nodes with the pods bound to them or assumed on them.

    Invariants: a pod counts on exactly one node; ``population`` counts the same pods, by shape and node.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, NodeInfo] = {}
        self._where: dict[str, str] = {}
        self._homeless: dict[str, dict[str, PodInfo]] = {}
        self._population: dict[Shape, dict[str, int]] = {}
        self._leaving: dict[Shape, dict[str, int]] = {}
        self._namespaces: dict[str, Labels] = {}
        self._nominations: dict[str, str] = {}
        self._priorities: Counter[int] = Counter()
        self._images: Counter[str] = Counter()
        self._domains = Domains()
        self._structure = 0
        self.changes = ChangeLog()

    @property
    def nodes(self) -> Mapping[str, NodeInfo]:
        """All nodes by name; live."""
        return self._nodes

    @property
    def namespaces(self) -> Mapping[str, Labels]:
        """Labels of the namespaces by name; live."""
        return self._namespaces

    @property
    def population(self) -> Mapping[Shape, Mapping[str, int]]:
        """How many pods of every shape are on which node; live. A node may be unknown (yet)."""
        return self._population

    @property
    def structure(self) -> int:
        """Goes up when something changed that may concern all nodes: results kept per node are worthless.

        That is: nodes, their labels and taints, namespaces, and which shapes of pods mind their neighbours.
        """
        return self._structure

    @property
    def lowest_priority(self) -> int | None:
        """Priority of the least important pod; None without pods."""
        return min(self._priorities, default=None)

    def leaving(self, shape: Shape, node: str) -> int:
        """Say how many pods of that shape on that node are being deleted."""
        return self._leaving.get(shape, {}).get(node, 0)

    def domains(self, key: str) -> Mapping[str, Set[str]]:
        """Give the names of the nodes by their value of a label."""
        return self._domains.of(key, self._nodes.values())

    def holders(self, image: str) -> int:
        """Say how many nodes have an image."""
        return self._images[image]

    def set_node(self, facts: NodeFacts) -> NodeFacts | None:
        """Add a node or take over its changed facts; gives those it had before."""
        node = self._nodes.get(facts.name)
        if node is None:
            node = self._nodes[facts.name] = NodeInfo(facts)
            for pod in self._homeless.pop(facts.name, {}).values():
                node.add(pod)
            for uid, name in self._nominations.items():
                if name == facts.name and (pod := self._nominated_pod(uid)) is not None:
                    node.nominated[uid] = pod
            before = None
        else:
            before = node.facts
            if before == facts:
                return before
            self._domains.remove(before)
            self._images.subtract(before.images)
            node.facts = facts
        self._domains.add(facts)
        self._images.update(facts.images.keys())
        if before is None or (before.labels, before.taints) != (facts.labels, facts.taints):
            self._structure += 1
        self.changes.append(Change(facts.name))
        return before
