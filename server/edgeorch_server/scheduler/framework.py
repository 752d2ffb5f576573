"""The shape of a scheduling decision, after Kubernetes' scheduling framework: filter, score, choose.

A plugin is asked once per shape of pod (:meth:`Filter.prepare`, Kubernetes' PreFilter and PreScore) for
something it can then ask of every node, so that the work per node stays small. Most answers depend on one
node and its pods alone. Those that depend on pods elsewhere are :class:`Wide`: they follow pods that come and
go, and say which nodes' answers that changes.

Everything here is pure: it reads the picture of the cluster and changes nothing.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from edgeorch_server.scheduler.cluster import Cluster
from edgeorch_server.scheduler.node_info import NodeInfo
from edgeorch_server.scheduler.shape import PodInfo, Shape

MAX_SCORE = 100


class Helps(enum.Flag):
    """What can happen in a cluster that lets a pod in that was refused (Kubernetes' cluster events)."""

    NOTHING = 0
    NODE = enum.auto()
    """A node appeared, or its labels, taints, images, resources or schedulability changed."""
    POD_GONE = enum.auto()
    """A pod on a node ended, was deleted, or was given back."""
    POD_CAME = enum.auto()
    """A pod was placed on a node, or its labels changed."""
    NAMESPACE = enum.auto()
    """A namespace's labels changed."""
    KNOWLEDGE = enum.auto()
    """What was known about an image turned out to be different."""
    CLAIM = enum.auto()
    """A PersistentVolumeClaim was made, bound or deleted."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a pod cannot go to a node."""

    plugin: str
    reasons: tuple[str, ...]
    """In Kubernetes' words, each counted by itself."""
    resolvable: bool = True
    """Whether it may help to remove pods from the node (``Unschedulable``, not ``...AndUnresolvable``)."""


NodeFilter = Callable[[NodeInfo], Refusal | None]
"""Says why the pod cannot go to a node; None when it can."""

NodeScore = Callable[[NodeInfo], int | None]
"""How well a node suits, before :data:`Normalize`; None for a node that is not to be compared."""

Normalize = Callable[[int, int, int], int]
"""Brings a score into 0 to :data:`MAX_SCORE`, given the lowest and the highest among the possible nodes."""


Place = tuple[str, str]
"""Topology key and value: all nodes with that label are one place."""

EVERYWHERE: Place = ("", "")
"""All nodes."""


class Wide(ABC):
    """A prepared filter or score whose answers depend on pods of other nodes too."""

    @abstractmethod
    def moved(self, pod: PodInfo, node: NodeInfo, by: int) -> Iterable[Place]:
        """Count a pod that came to a node (1) or left it (-1).

        Gives the places about whose nodes the answer may be another now; ``node`` itself need not be in one of
        them. Coming and leaving again must restore the state before.
        """


class PreFilter(Protocol):
    """Says whether a pod can run at all, before any node is asked."""

    @property
    def name(self) -> str:
        """Kubernetes' name of the plugin."""
        ...

    @property
    def helped_by(self) -> Helps:
        """What can change its mind (``EventsToRegister``)."""
        ...

    def refusal(self, shape: Shape, cluster: Cluster) -> str:
        """Say in Kubernetes' words why the pod can run on no node; empty when nothing is in its way."""
        ...


class Filter(Protocol):
    """Says which nodes a pod can run on."""

    @property
    def name(self) -> str:
        """Kubernetes' name of the plugin."""
        ...

    @property
    def helped_by(self) -> Helps:
        """What can change its mind (``EventsToRegister``)."""
        ...

    def prepare(self, shape: Shape, cluster: Cluster) -> NodeFilter | None:
        """Look at a shape of pod; None when there is nothing for this plugin to check."""
        ...


class Score(Protocol):
    """Says which of the possible nodes suit better."""

    @property
    def normalize(self) -> Normalize | None:
        """None when scores come as 0 to :data:`MAX_SCORE` already."""
        ...

    def prepare(self, shape: Shape, cluster: Cluster) -> NodeScore | None:
        """Look at a shape of pod; None when all nodes suit it alike."""
        ...


@dataclass(frozen=True, slots=True)
class Profile:
    """The plugins of one scheduler. The first filter that refuses a node gives the reason, so order matters."""

    filters: Sequence[Filter]
    scores: Sequence[tuple[Score, int]]
    """Plugins with their weights."""
    prefilters: Sequence[PreFilter] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """The node that was chosen."""

    node: str
    score: int = 0


class Tally:
    """Counts refusals, of many nodes and as they change."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.plugins: Counter[str] = Counter()
        self.resolvable = 0
        self.unresolvable = 0

    @classmethod
    def of(cls, refusals: Iterable[Refusal]) -> Self:
        """Count refusals."""
        tally = cls()
        for refusal in refusals:
            tally.add(refusal)
        return tally

    def add(self, refusal: Refusal, times: int = 1) -> None:
        """Count a refusal for so many nodes more; less than 0 takes it back."""
        for reason in refusal.reasons:
            _count(self.reasons, reason, times)
        _count(self.plugins, refusal.plugin, times)
        if refusal.resolvable:
            self.resolvable += times
        else:
            self.unresolvable += times


def _count(counter: Counter[str], key: str, by: int) -> None:
    counter[key] += by
    if not counter[key]:
        del counter[key]


@dataclass(frozen=True, slots=True)
class Rejected:
    """No node will do."""

    refusals: Mapping[str, Refusal]
    """By node, of those that were asked. Live, like the tally: look at them before anything changes."""
    tally: Tally
    nodes: int
    why: str = ""
    """Why it can run nowhere at all; no node was asked then."""

    @classmethod
    def by(cls, plugin: PreFilter, why: str, nodes: int) -> Self:
        """Reject a pod before any of so many nodes is asked."""
        tally = Tally()
        tally.plugins[plugin.name] = nodes
        return cls({}, tally, nodes, why)

    def __str__(self) -> str:
        """Say it as kube-scheduler does (``FitError``)."""
        if not self.nodes:
            return "no nodes available to schedule pods"
        if self.why:
            return f"0/{self.nodes} nodes are available: {self.why}."
        return count_reasons(self.tally.reasons, self.nodes)


def count_reasons(reasons: Mapping[str, int], nodes: int) -> str:
    """Sum reasons up in kube-scheduler's words."""
    counted = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    return f"0/{nodes} nodes are available: {counted}."
