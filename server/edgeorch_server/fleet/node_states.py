"""The pure rules of node reports: what of a Node is its agent's own word."""

from __future__ import annotations

from edgeorch.api.core.node import Node, NodeCondition, NodeStatus
from edgeorch.api.meta import ObjectMeta

OWN_LABELS = frozenset(
    {
        "kubernetes.io/hostname",
        "kubernetes.io/arch",
        "kubernetes.io/os",
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
    }
)
"""The labels that an agent keeps up to date (kubelet's ``updateDefaultLabels``)."""
OWN_PREFIXES = ("kubelet.kubernetes.io/", "node.kubernetes.io/")
RESERVED = ("kubernetes.io", "k8s.io")


def may_set_label(key: str) -> bool:
    """Tell whether a node may give itself a label when it registers (admission plugin NodeRestriction).

    Labels of Kubernetes' own domains are for the administrator, so that a node cannot lure workloads to
    itself, except for the node's own ones; all others are free.
    """
    domain = key.rpartition("/")[0]
    reserved = any(domain == name or domain.endswith(f".{name}") for name in RESERVED)
    return not reserved or key in OWN_LABELS or key.startswith(OWN_PREFIXES)


def new_node(name: str, reported: Node, stamp: str) -> Node:
    """Make the object of a node that registers itself: its labels and status, no spec and no taints."""
    labels = {key: value for key, value in reported.metadata.labels.items() if may_set_label(key)}
    return Node(
        apiVersion="v1",
        kind="Node",
        metadata=ObjectMeta(name=name, labels=labels),
        status=merge_node_status(NodeStatus(), reported.status, stamp) or NodeStatus(),
    )


def merge_labels(stored: Node, reported: Node) -> dict[str, str]:
    """Give the labels to store: the agent's own ones as reported, all others as they are."""
    own = {k: v for k, v in reported.metadata.labels.items() if k in OWN_LABELS}
    return stored.metadata.labels | own


def merge_node_status(stored: NodeStatus, reported: NodeStatus, stamp: str) -> NodeStatus | None:
    """Give the status to store; None when nothing changes. ``stamp`` is the present time.

    Conditions that the agent does not report (set by controllers) stay. A condition whose status is not the
    stored one gets the present time as its transition, whatever the agent's clock says: it may have been
    Unknown meanwhile. ``lastHeartbeatTime`` is when the last report that changed something was taken in: agents
    report changes only, and a write for each heartbeat would wear out the card.
    """
    before = {c.type: c for c in stored.conditions}
    conditions = [_transition(before.get(c.type), c, stamp) for c in reported.conditions]
    told = {c.type for c in conditions}
    conditions += [c for c in stored.conditions if c.type not in told]
    kept = {
        "conditions": conditions,
        "volumesAttached": stored.volumesAttached,
        "config": stored.config,
        "phase": stored.phase,
    }
    merged = reported.model_copy(update=kept)
    if merged == stored:
        return None
    for condition in merged.conditions:
        if condition.type in told:
            condition.lastHeartbeatTime = stamp
    return merged


def _transition(old: NodeCondition | None, new: NodeCondition, stamp: str) -> NodeCondition:
    """Give a condition as it was, apart from what the report says of it."""
    if old is None:
        return new.model_copy(update={"lastTransitionTime": new.lastTransitionTime or stamp})
    when = old.lastTransitionTime if old.status == new.status else stamp
    return new.model_copy(update={"lastTransitionTime": when, "lastHeartbeatTime": old.lastHeartbeatTime})
