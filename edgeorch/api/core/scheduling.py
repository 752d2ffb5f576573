"""Where pods may and should run: affinity, taints and tolerations, spreading."""

from __future__ import annotations

from pydantic import Field

from edgeorch.api.meta import Int32, Int64, LabelSelector, Model, Required, Time


class NodeSelectorRequirement(Model):
    """One expression about a node."""

    key: Required[str] = ""
    """Label key; in ``matchFields``, ``metadata.name``."""
    operator: Required[str] = ""
    """``In``, ``NotIn``, ``Exists``, ``DoesNotExist``, ``Gt`` or ``Lt``."""
    values: list[str] = Field(default_factory=list)
    """Values for the operator; none for ``Exists`` and ``DoesNotExist``, one number for ``Gt`` and ``Lt``."""


class NodeSelectorTerm(Model):
    """Expressions that must all hold; an empty term matches no node."""

    atomic = True

    matchExpressions: list[NodeSelectorRequirement] = Field(default_factory=list)
    """Expressions about the node's labels."""
    matchFields: list[NodeSelectorRequirement] = Field(default_factory=list)
    """Expressions about the node's fields."""


class NodeSelector(Model):
    """Terms of which one must hold."""

    atomic = True

    nodeSelectorTerms: Required[list[NodeSelectorTerm]] = Field(default_factory=list)
    """The terms; they are ORed."""


class PreferredSchedulingTerm(Model):
    """A wish about the node."""

    weight: Required[Int32] = 0
    """How much it counts, 1 to 100."""
    preference: Required[NodeSelectorTerm] = Field(default_factory=NodeSelectorTerm)
    """The term that should hold; an empty one is no wish."""


class NodeAffinity(Model):
    """Which nodes a pod needs or likes."""

    requiredDuringSchedulingIgnoredDuringExecution: NodeSelector | None = None
    """What a node must match for the pod to be placed on it; not looked at again afterwards."""
    preferredDuringSchedulingIgnoredDuringExecution: list[PreferredSchedulingTerm] = Field(default_factory=list)
    """Wishes; the node with the highest sum of weights is best."""


class PodAffinityTerm(Model):
    """Pods whose neighbourhood is meant."""

    labelSelector: LabelSelector | None = None
    """Labels of those pods; absent matches none."""
    namespaces: list[str] = Field(default_factory=list)
    """Their namespaces; with no ``namespaceSelector`` either, the pod's own."""
    topologyKey: Required[str] = ""
    """Node label that says what near means: nodes with the same value are one place."""
    namespaceSelector: LabelSelector | None = None
    """Their namespaces by label; an empty selector means all."""
    matchLabelKeys: list[str] = Field(default_factory=list)
    """Label keys whose values, as on this pod, are ANDed to ``labelSelector``."""
    mismatchLabelKeys: list[str] = Field(default_factory=list)
    """Label keys whose values must differ from this pod's."""


class WeightedPodAffinityTerm(Model):
    """A wish about neighbours."""

    weight: Required[Int32] = 0
    """How much it counts, 1 to 100."""
    podAffinityTerm: Required[PodAffinityTerm] = Field(default_factory=PodAffinityTerm)
    """The pods that are meant."""


class PodAffinity(Model):
    """Pods to be near to."""

    requiredDuringSchedulingIgnoredDuringExecution: list[PodAffinityTerm] = Field(default_factory=list)
    """Neighbours the pod must have; all terms must hold."""
    preferredDuringSchedulingIgnoredDuringExecution: list[WeightedPodAffinityTerm] = Field(default_factory=list)
    """Neighbours it would like."""


class PodAntiAffinity(Model):
    """Pods to be away from."""

    requiredDuringSchedulingIgnoredDuringExecution: list[PodAffinityTerm] = Field(default_factory=list)
    """Neighbours the pod must not have."""
    preferredDuringSchedulingIgnoredDuringExecution: list[WeightedPodAffinityTerm] = Field(default_factory=list)
    """Neighbours it would rather not have."""


class Affinity(Model):
    """What a pod needs and wishes of its place."""

    nodeAffinity: NodeAffinity | None = None
    """About the node."""
    podAffinity: PodAffinity | None = None
    """Pods to be near to."""
    podAntiAffinity: PodAntiAffinity | None = None
    """Pods to be away from."""


class Taint(Model):
    """Keeps pods off a node unless they tolerate it."""

    key: Required[str] = ""
    """Key of the taint."""
    value: str = ""
    """Value of the taint."""
    effect: Required[str] = ""
    """``NoSchedule``, ``PreferNoSchedule`` or ``NoExecute``."""
    timeAdded: Time | None = None
    """When a ``NoExecute`` taint was added; toleration times count from here."""


class Toleration(Model):
    """Lets a pod on a node despite a taint."""

    key: str = ""
    """Key of the taint; empty with ``Exists`` tolerates every taint."""
    operator: str = ""
    """``Equal`` (the default) or ``Exists``."""
    value: str = ""
    """Value of the taint, for ``Equal``."""
    effect: str = ""
    """Effect of the taint; empty is any."""
    tolerationSeconds: Int64 | None = None
    """Seconds a ``NoExecute`` taint is tolerated; absent is for ever, 0 or less not at all."""


class TopologySpreadConstraint(Model):
    """Spreads alike pods over places."""

    maxSkew: Required[Int32] = 0
    """How many more pods one place may have than the emptiest; at least 1."""
    topologyKey: Required[str] = ""
    """Node label whose values are the places."""
    whenUnsatisfiable: Required[str] = ""
    """``DoNotSchedule`` or ``ScheduleAnyway``."""
    labelSelector: LabelSelector | None = None
    """Which pods are counted."""
    minDomains: Int32 | None = None
    """With fewer places than this, the emptiest counts as having none; only with ``DoNotSchedule``."""
    nodeAffinityPolicy: str | None = None
    """``Honor`` (the default) counts only nodes the pod's affinity allows, ``Ignore`` all."""
    nodeTaintsPolicy: str | None = None
    """``Honor`` counts only nodes whose taints the pod tolerates, ``Ignore`` (the default) all."""
    matchLabelKeys: list[str] = Field(default_factory=list)
    """Label keys whose values, as on this pod, are ANDed to ``labelSelector``."""


class PodSchedulingGate(Model):
    """Something that must happen before a pod is scheduled."""

    name: Required[str] = ""
    """Name of the gate; whoever set it removes it."""


class PodSchedulingGroup(Model):
    """The group of pods that are scheduled together."""

    podGroupName: str | None = None
    """Name of the PodGroup."""
