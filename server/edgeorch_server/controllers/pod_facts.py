"""What controllers ask of pods, read once per version and without their models.

A workload controller looks at all its pods whenever one of them changes. Parsing a pod costs a hundred
microseconds and some 25 KB while it lives; the facts below cost a tenth of both, and are kept.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson

from edgeorch.api.core.node_rules import NAME_FIELD
from edgeorch.api.core.resources import PODS
from edgeorch.api.meta import parse_time
from edgeorch_server.registry.base import Entries
from edgeorch_server.store.base import Entry, Owner

FactsT = TypeVar("FactsT")

ENDED = frozenset({"Succeeded", "Failed"})
"""Phases of pods of which nothing runs any more, or ever will (Pod Lifecycle, "Pod phase")."""

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
"""Annotation: of two pods the cheaper one goes first (ReplicaSet, "Pod deletion cost")."""

REMEMBERED = 20_000
"""Pods whose facts are kept, some 10 MB of them; those that were not asked for longest go first."""


@dataclass(frozen=True, slots=True)
class PodFacts:
    """One version of a pod."""

    namespace: str
    name: str
    uid: str
    revision: int
    labels: Mapping[str, str]
    owners: tuple[Owner, ...]
    node: str
    """Empty until it is bound."""
    phase: str
    deleted: bool
    """Its deletion has been asked for."""
    created: str
    """When, as it stands in the object (meta/v1 Time)."""
    ready: bool
    ready_since: str
    """When the Ready condition last changed."""
    restarts: int
    """The most any of its containers has."""
    deletion_cost: int
    meant_for: str = ""
    """The node that its affinity names, of a pod that is not bound yet (a DaemonSet's)."""

    @property
    def active(self) -> bool:
        """It runs or will, and nobody wants it gone (``IsPodActive``)."""
        return self.phase not in ENDED and not self.deleted

    @property
    def controller(self) -> Owner | None:
        """The owner that manages it, if any."""
        return next((owner for owner in self.owners if owner.controller), None)

    def available(self, min_ready_seconds: int, now: dt.datetime) -> bool:
        """Whether it has been ready for that long (``IsPodAvailable``)."""
        if not self.ready:
            return False
        return min_ready_seconds == 0 or self.seconds_until_available(min_ready_seconds, now) <= 0

    def seconds_until_available(self, min_ready_seconds: int, now: dt.datetime) -> float:
        """How long a ready pod still has to stay so until it counts as available."""
        since = parse_time(self.ready_since) if self.ready_since else now
        return (since - now).total_seconds() + min_ready_seconds


def read_facts(entry: Entry) -> PodFacts:
    """Read the facts of a stored pod."""
    return facts_of(entry, orjson.loads(entry.data))


def facts_of(entry: Entry, pod: Mapping[str, Any]) -> PodFacts:
    """Take the facts from a stored pod that is decoded already."""
    meta, status = pod["metadata"], pod.get("status", {})
    spec = pod.get("spec", {})
    ready: Mapping[str, str] = next((c for c in status.get("conditions", ()) if c["type"] == "Ready"), {})
    return PodFacts(
        namespace=entry.namespace,
        name=entry.name,
        uid=entry.uid,
        revision=entry.revision,
        labels=entry.labels,
        owners=entry.owners,
        node=spec.get("nodeName", ""),
        phase=status.get("phase", ""),
        deleted="deletionTimestamp" in meta,
        created=meta.get("creationTimestamp", ""),
        ready=ready.get("status") == "True",
        ready_since=ready.get("lastTransitionTime", ""),
        restarts=max((c.get("restartCount", 0) for c in status.get("containerStatuses", ())), default=0),
        deletion_cost=_cost(meta.get("annotations", {}).get(DELETION_COST, "0")),
        meant_for="" if spec.get("nodeName") else _named_node(spec),
    )


def _named_node(spec: Mapping[str, Any]) -> str:
    """Read the node that required affinity names (``GetTargetNodeName``)."""
    affinity = spec.get("affinity", {}).get("nodeAffinity", {})
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {})
    for term in required.get("nodeSelectorTerms", ()):
        for field in term.get("matchFields", ()):
            if field["key"] == NAME_FIELD and field["operator"] == "In" and len(field["values"]) == 1:
                return str(field["values"][0])
    return ""


def _cost(text: str) -> int:
    """Read the annotation; what is no number counts for nothing, as in Kubernetes."""
    try:
        return int(text)
    except ValueError:
        return 0


class FactsReader(Generic[FactsT]):
    """Gives facts of stored pods. Reads see every write at once: there is no cache to lag behind."""

    def __init__(
        self, objects: Entries, read: Callable[[Entry], FactsT], *, remembered: int = REMEMBERED
    ) -> None:
        self._objects = objects
        self._read = read
        self._remembered = remembered
        self._known: OrderedDict[str, tuple[int, FactsT]] = OrderedDict()
        """By uid, with the version they were read from."""

    def owned(self, owner: str) -> list[FactsT]:
        """Give the pods that the controller with this uid manages."""
        entries = self._objects.owned_entries(PODS, owner)
        return self.of(e for e in entries if e.controller and e.controller.uid == owner)

    def of(self, entries: Iterable[Entry]) -> list[FactsT]:
        """Give the facts of these entries, in their order."""
        return [self._of(entry) for entry in entries]

    def _of(self, entry: Entry) -> FactsT:
        known = self._known.get(entry.uid)
        if known is None or known[0] != entry.revision:
            known = self._known[entry.uid] = entry.revision, self._read(entry)
            if len(self._known) > self._remembered:
                self._known.popitem(last=False)
        self._known.move_to_end(entry.uid)
        return known[1]


class PodReader(FactsReader[PodFacts]):
    """Gives what most controllers ask of pods."""

    def __init__(self, objects: Entries, *, remembered: int = REMEMBERED) -> None:
        super().__init__(objects, read_facts, remembered=remembered)
