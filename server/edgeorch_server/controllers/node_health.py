"""Pure rules of the node lifecycle: what silence does to a node's conditions, and conditions to its taints."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from edgeorch.api.core.node import Node, NodeCondition
from edgeorch.api.core.scheduling import Taint

UNKNOWN_MESSAGE = "Kubelet stopped posting node status."
NEVER_MESSAGE = "Kubelet never posted node status."
LIFECYCLE_CONDITIONS = ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
"""The conditions that turn Unknown together."""


class Health(enum.Enum):
    """How we hear of a node."""

    FRESH = "fresh"
    """Connected, and its last heartbeat is young enough."""
    LOST = "lost"
    """Disconnected, or silent for too long."""


def is_unknown(node: Node) -> bool:
    """Tell whether the node's Ready condition says that nobody hears of it."""
    return any(c.type == "Ready" and c.status == "Unknown" for c in node.status.conditions)


def unknown_conditions(conditions: Sequence[NodeCondition], stamp: str) -> list[NodeCondition]:
    """Give the conditions of a node that went silent (node lifecycle controller, ``tryUpdateNodeHealth``)."""
    before = {c.type: c for c in conditions}
    unknown = []
    for kind in LIFECYCLE_CONDITIONS:
        old = before.get(kind)
        if old is not None and old.status == "Unknown":
            unknown.append(old)
            continue
        unknown.append(
            NodeCondition(
                type=kind,
                status="Unknown",
                reason="NodeStatusNeverUpdated" if old is None else "NodeStatusUnknown",
                message=NEVER_MESSAGE if old is None else UNKNOWN_MESSAGE,
                lastHeartbeatTime=old.lastHeartbeatTime if old else None,
                lastTransitionTime=stamp,
            )
        )
    return unknown + [c for c in conditions if c.type not in LIFECYCLE_CONDITIONS]


_READY_TAINTS = {"False": "node.kubernetes.io/not-ready", "Unknown": "node.kubernetes.io/unreachable"}
_PRESSURE_TAINTS = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_OURS = {*_READY_TAINTS.values(), *_PRESSURE_TAINTS.values(), UNSCHEDULABLE}


def taints_for(node: Node, stamp: str) -> list[Taint]:
    """Give the taints the node should have.

    Kubernetes, "Taint based Evictions" and "Taint Nodes by Condition": not-ready and unreachable come with both
    hard effects, pressure and cordon with NoSchedule. Taints that users set stay; an unchanged taint keeps
    its ``timeAdded``.
    """
    wanted: list[tuple[str, str]] = []
    for condition in node.status.conditions:
        if condition.type == "Ready" and condition.status in _READY_TAINTS:
            key = _READY_TAINTS[condition.status]
            wanted += [(key, "NoSchedule"), (key, "NoExecute")]
        elif condition.type in _PRESSURE_TAINTS and condition.status == "True":
            wanted.append((_PRESSURE_TAINTS[condition.type], "NoSchedule"))
    if node.spec.unschedulable:
        wanted.append((UNSCHEDULABLE, "NoSchedule"))
    present = {(t.key, t.effect): t for t in node.spec.taints}
    kept = [t for t in node.spec.taints if t.key not in _OURS or (t.key, t.effect) in wanted]
    added = [
        Taint(key=key, effect=effect, timeAdded=stamp if effect == "NoExecute" else None)
        for key, effect in wanted
        if (key, effect) not in present
    ]
    return kept + added
