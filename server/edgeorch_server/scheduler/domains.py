"""Which nodes are one place: those with the same value of a topology key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from edgeorch_server.scheduler.node_info import NodeFacts, NodeInfo


class Domains:
    """Nodes by topology key and value. A key is indexed when it is first asked for."""

    def __init__(self) -> None:
        self._by_key: dict[str, dict[str, set[str]]] = {}

    def of(self, key: str, nodes: Iterable[NodeInfo]) -> Mapping[str, AbstractSet[str]]:
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
