"""What controllers ask of nodes, read once per version and without their models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from edgeorch.api.core.resources import NODES
from edgeorch.api.core.scheduling import Taint
from edgeorch_server.registry.base import Entries, ListOptions
from edgeorch_server.store.base import Entry


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One version of a node."""

    name: str
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]


class NodeReader:
    """Gives the facts of all nodes; keeps those of nodes that are there."""

    def __init__(self, objects: Entries) -> None:
        self._objects = objects
        self._known: dict[str, tuple[int, NodeFacts]] = {}

    def all(self) -> list[NodeFacts]:
        """Give all nodes, by name."""
        entries = self._objects.list_entries(NODES, ListOptions()).entries
        self._known = {entry.uid: self._read(entry) for entry in entries}
        return sorted((facts for _, facts in self._known.values()), key=lambda facts: facts.name)

    def _read(self, entry: Entry) -> tuple[int, NodeFacts]:
        known = self._known.get(entry.uid)
        if known is not None and known[0] == entry.revision:
            return known
        taints = orjson.loads(entry.data).get("spec", {}).get("taints", ())
        facts = NodeFacts(entry.name, entry.labels, tuple(Taint.from_dict(taint) for taint in taints))
        return entry.revision, facts
