"""Pure: the pod that a DaemonSet makes for a node, and which nodes are for it."""

from __future__ import annotations

from edgeorch.api.apps import template_generation
from edgeorch.api.apps.daemon_set import DaemonSet
from edgeorch.api.core.node_rules import NAME_FIELD, allows_node
from edgeorch.api.core.pod import Pod, PodSpec
from edgeorch.api.core.scheduling import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    Toleration,
)
from edgeorch.api.core.tolerations import tolerates
from edgeorch_server.controllers.daemon_sets.plan import HASH_LABEL
from edgeorch_server.controllers.node_facts import NodeFacts
from edgeorch_server.controllers.pod_control import pod_from

_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
_AWAY = frozenset({"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})
_TOLERATED_ON_HOST_NETWORK = ("node.kubernetes.io/network-unavailable", "NoSchedule")


def tolerations_of(spec: PodSpec) -> list[Toleration]:
    """Give the template's tolerations with those of all daemons (DaemonSet, "Taints and tolerations")."""
    pairs = (*_TOLERATED, _TOLERATED_ON_HOST_NETWORK) if spec.hostNetwork else _TOLERATED
    added = [Toleration(key=key, operator="Exists", effect=effect) for key, effect in pairs]
    return [*spec.tolerations, *(toleration for toleration in added if toleration not in spec.tolerations)]


def fits(spec: PodSpec, node: NodeFacts) -> tuple[bool, bool]:
    """Say whether a node should have a pod, and whether one there may stay (``NodeShouldRunDaemonPod``)."""
    affinity = spec.affinity.nodeAffinity if spec.affinity else None
    if spec.nodeName not in {"", node.name}:
        return False, False
    if not allows_node(spec.nodeSelector, affinity, node.name, node.labels):
        return False, False
    tolerations = tolerations_of(spec)
    effects = {taint.effect for taint in node.taints if not tolerates(tolerations, taint)}
    return not effects & {"NoSchedule", "NoExecute"}, "NoExecute" not in effects


def is_away(node: NodeFacts) -> bool:
    """Say whether a node is not there, or not in order, so that its pods tell nothing of their template."""
    return any(taint.key in _AWAY for taint in node.taints)


def daemon_pod(owner: DaemonSet, node: str, digest: str) -> Pod:
    """Build the pod for a node; the scheduler binds it there, and nowhere else."""
    pod = pod_from(owner.spec.template, owner)
    pod.metadata.labels[HASH_LABEL] = digest
    generation = template_generation.generation_of(owner.metadata)
    if generation is not None:
        pod.metadata.labels[template_generation.LABEL] = str(generation)
    pod.spec.tolerations = tolerations_of(pod.spec)
    term = NodeSelectorTerm(matchFields=[NodeSelectorRequirement(key=NAME_FIELD, operator="In", values=[node])])
    affinity = pod.spec.affinity = pod.spec.affinity or Affinity()
    affinity.nodeAffinity = affinity.nodeAffinity or NodeAffinity()
    # What the template requires of nodes has been looked at: this replaces it.
    affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector(
        nodeSelectorTerms=[term]
    )
    return pod
