"""The scheduler's picture of the cluster.

It is changed by news (nodes, bound pods, namespaces) and by the scheduler's own decisions, which count at once.
All on one event loop: while a decision is made, nothing changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from edgeorch_server.scheduler.changes import Change, ChangeLog
from edgeorch_server.scheduler.claims import ClaimFacts
from edgeorch_server.scheduler.domains import Domains
from edgeorch_server.scheduler.node_info import NodeFacts, NodeInfo
from edgeorch_server.scheduler.shape import Kin, PodInfo, Shape
from edgeorch_server.scheduler.terms import Labels

Population = dict[Shape, dict[str, int]]
"""How many pods of a shape are on which node."""


class Cluster:
    """Nodes with the pods bound to them or assumed on them.

    Invariants: a pod counts on exactly one node; ``population`` counts the same pods, by shape and node.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, NodeInfo] = {}
        self._elsewhere: dict[str, dict[str, PodInfo]] = {}
        self._where: dict[str, str] = {}
        self._nominations: dict[str, str] = {}
        self._population: Population = {}
        self._minding: set[Shape] = set()
        self._leaving: Population = {}
        self._priorities: Counter[int] = Counter()
        self._namespaces: dict[str, Labels] = {}
        self._claims: dict[tuple[str, str], ClaimFacts] = {}
        self._images: Counter[str] = Counter()
        self._domains = Domains()
        self._layout = 0
        self._rules = 0
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
    def claims(self) -> Mapping[tuple[str, str], ClaimFacts]:
        """What is known of PersistentVolumeClaims, by namespace and name; live."""
        return self._claims

    @property
    def population(self) -> Mapping[Shape, Mapping[str, int]]:
        """How many pods of every shape are on which node; live. A node may be unknown (yet)."""
        return self._population

    @property
    def minding(self) -> AbstractSet[Shape]:
        """Shapes in the population that have affinity terms of any kind; live."""
        return self._minding

    @property
    def layout(self) -> int:
        """Goes up when nodes came or went, or their labels or taints changed."""
        return self._layout

    @property
    def rules(self) -> int:
        """Goes up when plugins that had nothing to say about a pod may have now.

        That is: namespaces' labels, new shapes of pods that mind their neighbours, and whatever
        :meth:`touch` was called for.
        """
        return self._rules

    @property
    def lowest_priority(self) -> int | None:
        """Priority of the least important pod; None without pods."""
        return min(self._priorities, default=None)

    def likeness(self, shape: Shape) -> Shape | Kin:
        """Give what pods have in common that get the same answers: labels only count where somebody looks."""
        return shape if shape.looks_around or self._minding else shape.kin

    def leaving(self, shape: Shape, node: str) -> int:
        """Say how many pods of that shape on that node are being deleted."""
        return self._leaving.get(shape, {}).get(node, 0)

    def domains(self, key: str) -> Mapping[str, AbstractSet[str]]:
        """Give the names of the nodes by their value of a label; live."""
        return self._domains.of(key, self._nodes.values())

    def holders(self, image: str) -> int:
        """Say how many nodes have an image."""
        return self._images[image]

    def where(self, uid: str) -> str | None:
        """Say on which node a pod counts, if on any."""
        return self._where.get(uid)

    def placed(self) -> frozenset[str]:
        """Uids of all pods that are counted."""
        return frozenset(self._where)

    def set_node(self, facts: NodeFacts) -> NodeFacts | None:
        """Add a node or take over its changed facts; gives those it had before."""
        node = self._nodes.get(facts.name)
        before = node.facts if node else None
        if before == facts:
            return before
        if node is None:
            node = self._nodes[facts.name] = NodeInfo(facts)
            for pod in self._elsewhere.pop(facts.name, {}).values():
                node.add(pod)
        else:
            self._unindex(node.facts)
            node.facts = facts
        self._index(facts)
        if before is None or (before.labels, before.taints) != (facts.labels, facts.taints):
            self._layout += 1
        self.changes.append(Change(facts.name))
        return before

    def remove_node(self, name: str) -> None:
        """Forget a node; its pods stay known, in case it comes back."""
        node = self._nodes.pop(name, None)
        if node is None:
            return
        self._unindex(node.facts)
        if node.pods:
            self._elsewhere[name] = node.pods
        for uid in node.nominated:
            del self._nominations[uid]
        self._layout += 1
        self.changes.append(Change(name))

    def place(self, pod: PodInfo, name: str) -> bool:
        """Count a pod on a node: it is bound there, or about to be. Also takes over what is new about it.

        False when it counts there already, and just as before.
        """
        if self._where.get(pod.uid) == name and self._takes_over(pod, name):
            return False
        self.remove_pod(pod.uid)
        self.withdraw(pod.uid)
        self._where[pod.uid] = name
        node = self._nodes.get(name)
        if node is None:
            self._elsewhere.setdefault(name, {})[pod.uid] = pod
        else:
            node.add(pod)
        self._populate(pod, name, 1)
        self.changes.append(Change(name, pod, 1))
        return True

    def remove_pod(self, uid: str) -> PodInfo | None:
        """Stop counting a pod; gives what was counted, so that there is room now."""
        name = self._where.pop(uid, None)
        if name is None:
            return None
        node = self._nodes.get(name)
        pod = node.remove(uid) if node else self._elsewhere[name].pop(uid)
        self._populate(pod, name, -1)
        self.changes.append(Change(name, pod, -1))
        return pod

    def nominate(self, pod: PodInfo, name: str) -> None:
        """Note that room is being made for a pod on a node: pods of lower priority must not take it."""
        self.withdraw(pod.uid)
        node = self._nodes.get(name)
        if node is not None:
            node.nominated[pod.uid] = pod
            self._nominations[pod.uid] = name
            self.changes.append(Change(name))

    def nominated(self, uid: str) -> str | None:
        """Say on which node room is being made for a pod, if on any."""
        return self._nominations.get(uid)

    def withdraw(self, uid: str) -> str | None:
        """Forget a pod's nomination; gives the node it was for."""
        name = self._nominations.pop(uid, None)
        if name is not None:
            del self._nodes[name].nominated[uid]
            self.changes.append(Change(name))
        return name

    def touch(self) -> None:
        """Note that something else became known that may concern every node."""
        self._rules += 1

    def set_namespace(self, name: str, labels: Labels) -> None:
        """Take over a namespace's labels."""
        if self._namespaces.get(name) != labels:
            self._namespaces[name] = labels
            self._rules += 1

    def remove_namespace(self, name: str) -> None:
        """Forget a namespace."""
        self._namespaces.pop(name, None)

    def set_claim(self, namespace: str, name: str, facts: ClaimFacts) -> bool:
        """Take over what is known of a claim; False when that was known already."""
        changed = self._claims.get((namespace, name)) != facts
        self._claims[namespace, name] = facts
        return changed

    def remove_claim(self, namespace: str, name: str) -> None:
        """Forget a claim."""
        self._claims.pop((namespace, name), None)

    def _takes_over(self, pod: PodInfo, name: str) -> bool:
        """Replace what is known of a pod, if it counts as before."""
        node = self._nodes.get(name)
        pods = node.pods if node else self._elsewhere[name]
        known = pods[pod.uid]
        if known.shape is not pod.shape or known.leaving != pod.leaving:
            return False
        pods[pod.uid] = pod
        if (known.started, known.preempted) != (pod.started, pod.preempted):  # who goes first may be another
            self.changes.append(Change(name))
        return True

    def _index(self, facts: NodeFacts) -> None:
        self._domains.add(facts)
        self._images.update(facts.images.keys())

    def _unindex(self, facts: NodeFacts) -> None:
        self._domains.remove(facts)
        self._images.subtract(facts.images.keys())
        self._images += Counter()  # drops those that nobody holds any more

    def _populate(self, pod: PodInfo, name: str, by: int) -> None:
        shape = pod.shape
        _add(self._population, shape, name, by)
        if pod.leaving:
            _add(self._leaving, shape, name, by)
        if shape.minds_neighbours:
            self._note_minding(shape)
        self._priorities[shape.priority] += by
        if not self._priorities[shape.priority]:
            del self._priorities[shape.priority]

    def _note_minding(self, shape: Shape) -> None:
        present = shape in self._population
        if present and shape not in self._minding:
            self._minding.add(shape)
            self._rules += 1
        elif not present:
            self._minding.discard(shape)


def _add(population: Population, shape: Shape, node: str, by: int) -> None:
    nodes = population.setdefault(shape, {})
    nodes[node] = nodes.get(node, 0) + by
    if not nodes[node]:
        del nodes[node]
        if not nodes:
            del population[shape]
