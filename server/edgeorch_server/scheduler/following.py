"""Plugins prepared for one shape of pod, which follow the pods that come and go."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.framework import EVERYWHERE, Place, Profile
from edgeorch_server.scheduler.prepared import Prepared
from edgeorch_server.scheduler.shape import Shape


@dataclass(frozen=True, slots=True)
class Stale:
    """About which nodes the answers may be others now."""

    nodes: set[str] = field(default_factory=set)
    places: set[Place] = field(default_factory=set)

    def names(self, cluster: Cluster) -> set[str]:
        """Give the names of all these nodes."""
        if EVERYWHERE in self.places:
            return self.nodes.union(cluster.nodes)
        found = set(self.nodes)
        for key, value in self.places:
            found |= cluster.domains(key).get(value, set())
        return found


class Following:
    """Keeps :attr:`prepared` as good as new, by the record of what has changed."""

    def __init__(self, shape: Shape, cluster: Cluster, profile: Profile) -> None:
        self._shape = shape
        self._cluster = cluster
        self._profile = profile
        self._rules = self._layout = self._position = 0
        self.prepared = self._prepare()

    def catch_up(self) -> Stale | None:
        """Take in what has changed since the last time; None when :attr:`prepared` had to be made anew."""
        cluster, prepared = self._cluster, self.prepared
        changes = cluster.changes.since(self._position)
        if (
            changes is None
            or self._rules != cluster.rules
            or (self._layout != cluster.layout and prepared.is_wide)
        ):
            self.prepared = self._prepare()
            return None
        self._layout, self._position = cluster.layout, cluster.changes.position
        stale = Stale()
        for change in changes:
            stale.nodes.add(change.node)
            if change.pod is not None and prepared.is_wide:
                node = cluster.nodes.get(change.node)
                if node is not None:
                    stale.places.update(prepared.moved(change.pod, node, change.by))
        return stale

    def _prepare(self) -> Prepared:
        cluster = self._cluster
        self._rules, self._layout = cluster.rules, cluster.layout
        self._position = cluster.changes.position
        return Prepared(self._shape, cluster, self._profile)
