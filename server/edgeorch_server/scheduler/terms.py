"""What pods say about other pods, read once: affinity terms and spread constraints with compiled selectors."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.scheduling import PodAffinityTerm, TopologySpreadConstraint
from edgeorch.api.meta import LabelSelector
from edgeorch.api.selectors import Operator, Requirement, Selector
from edgeorch.errors import BadRequest

logger = logging.getLogger(__name__)

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"

NOTHING = Selector(selects_nothing=True)
EVERYTHING = Selector()

Labels = Mapping[str, str]
Namespaces = Mapping[str, Labels]
"""Labels of every namespace by name."""


@dataclass(frozen=True, slots=True)
class AffinityTerm:
    """Pods that are meant, and what being near to them means (core/v1 PodAffinityTerm)."""

    topology_key: str
    selector: Selector
    namespaces: frozenset[str]
    namespace_selector: Selector = NOTHING

    def matches(self, namespace: str, labels: Labels, namespaces: Namespaces) -> bool:
        """Tell whether a pod of that namespace with those labels is meant."""
        if namespace not in self.namespaces:
            if self.namespace_selector.selects_nothing:
                return False
            if not self.namespace_selector.matches(namespaces.get(namespace, {})):
                return False
        return self.selector.matches(labels)


@dataclass(frozen=True, slots=True)
class WeightedTerm:
    """A wish about neighbours; a negative weight is a wish to be away from them."""

    weight: int
    term: AffinityTerm


@dataclass(frozen=True, slots=True)
class SpreadConstraint:
    """How alike pods are spread (core/v1 TopologySpreadConstraint), with its defaults filled in."""

    topology_key: str
    max_skew: int
    selector: Selector
    min_domains: int = 1
    honor_affinity: bool = True
    """Count only nodes that the pod's node selector and affinity allow."""
    honor_taints: bool = False
    """Count only nodes whose taints the pod tolerates."""


def affinity_terms(pod: Pod, terms: Sequence[PodAffinityTerm]) -> tuple[AffinityTerm, ...]:
    """Compile the terms of a pod."""
    return tuple(_affinity_term(pod, term) for term in terms)


def weighted_terms(pod: Pod) -> tuple[WeightedTerm, ...]:
    """Compile a pod's wishes about neighbours, those to be away from them with a negative weight."""
    affinity = pod.spec.affinity
    found = []
    for wishes, sign in (
        (affinity.podAffinity if affinity else None, 1),
        (affinity.podAntiAffinity if affinity else None, -1),
    ):
        if wishes is not None:
            found += [
                WeightedTerm(sign * wish.weight, _affinity_term(pod, wish.podAffinityTerm))
                for wish in wishes.preferredDuringSchedulingIgnoredDuringExecution
            ]
    return tuple(found)


def spread_constraints(pod: Pod, when_unsatisfiable: str) -> tuple[SpreadConstraint, ...]:
    """Compile a pod's own spread constraints of one kind."""
    return tuple(
        _spread_constraint(pod, constraint)
        for constraint in pod.spec.topologySpreadConstraints
        if constraint.whenUnsatisfiable == when_unsatisfiable
    )


def _affinity_term(pod: Pod, term: PodAffinityTerm) -> AffinityTerm:
    own = not term.namespaces and term.namespaceSelector is None
    return AffinityTerm(
        term.topologyKey,
        _selector(pod, term.labelSelector, term.matchLabelKeys, term.mismatchLabelKeys),
        frozenset({pod.metadata.namespace} if own else term.namespaces),
        _selector(pod, term.namespaceSelector),
    )


def _spread_constraint(pod: Pod, constraint: TopologySpreadConstraint) -> SpreadConstraint:
    return SpreadConstraint(
        constraint.topologyKey,
        constraint.maxSkew,
        _selector(pod, constraint.labelSelector, constraint.matchLabelKeys),
        min_domains=constraint.minDomains or 1,
        honor_affinity=constraint.nodeAffinityPolicy != "Ignore",
        honor_taints=constraint.nodeTaintsPolicy == "Honor",
    )


def _selector(
    pod: Pod, selector: LabelSelector | None, same: Sequence[str] = (), other: Sequence[str] = ()
) -> Selector:
    """Compile a selector together with ``matchLabelKeys`` and ``mismatchLabelKeys``.

    Keys that the pod itself does not carry are ignored. A selector that cannot be read (an older version let
    it pass) selects nothing: one pod must not keep all others from being placed.
    """
    try:
        compiled = Selector.from_label_selector(selector)
    except BadRequest as exc:
        logger.warning(
            "pod %s/%s has a selector that means nothing: %s", pod.metadata.namespace, pod.metadata.name, exc
        )
        return NOTHING
    if compiled.selects_nothing:
        return compiled
    labels = pod.metadata.labels
    more = [Requirement(key, Operator.IN, (labels[key],)) for key in same if key in labels]
    more += [Requirement(key, Operator.NOT_IN, (labels[key],)) for key in other if key in labels]
    return Selector((*compiled.requirements, *more)) if more else compiled
