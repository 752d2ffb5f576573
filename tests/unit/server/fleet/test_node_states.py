"""What of a Node is its agent's own word."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.core.node import Node, NodeStatus
from edgeorch_server.fleet.node_states import may_set_label, merge_labels, merge_node_status, new_node

NOW = "2026-05-01T12:00:00Z"
BEFORE = "2026-05-01T11:00:00Z"


def node(labels: dict[str, str] | None = None, **more: Any) -> Node:
    return Node.from_dict({"metadata": {"name": "n1", "labels": labels or {}}, **more})


@pytest.mark.parametrize(
    ("key", "allowed"),
    [
        ("disk", True),
        ("example.com/disk", True),
        ("kubernetes.io/hostname", True),
        ("topology.kubernetes.io/zone", True),
        ("node.kubernetes.io/anything", True),
        ("kubelet.kubernetes.io/anything", True),
        ("node-role.kubernetes.io/control-plane", False),
        ("node-restriction.kubernetes.io/secure", False),
        ("kubernetes.io/other", False),
        ("apps.k8s.io/x", False),
        ("notkubernetes.io/x", True),
    ],
)
def test_labels_at_registration(key: str, *, allowed: bool) -> None:
    """NodeRestriction: a node may not give itself labels of Kubernetes' domains, except for its own ones."""
    assert may_set_label(key) is allowed


def test_a_new_node_has_no_spec() -> None:
    """Taints, unschedulable and pod ranges are not the agent's; forged identity is dropped."""
    reported = node(
        {"disk": "ssd", "node-role.kubernetes.io/control-plane": ""},
        spec={
            "unschedulable": False,
            "taints": [{"key": "a", "effect": "NoSchedule"}],
            "podCIDR": "10.0.0.0/8",
        },
        status={"capacity": {"cpu": "4"}},
    )
    reported.metadata.uid = "forged"
    reported.metadata.finalizers = ["x/y"]
    made = new_node("n1", reported, NOW)
    assert made == node({"disk": "ssd"}, apiVersion="v1", kind="Node", status={"capacity": {"cpu": "4"}})


def test_labels_of_a_known_node() -> None:
    """Later only the agent's own labels follow it; what users set or removed is theirs."""
    stored = node({"kubernetes.io/arch": "arm", "disk": "hdd"})
    reported = node({"kubernetes.io/arch": "arm64", "disk": "ssd", "new": "x"})
    assert merge_labels(stored, reported) == {"kubernetes.io/arch": "arm64", "disk": "hdd"}


def test_a_new_node_has_been_heard_of() -> None:
    """`kubectl describe node` shows when each condition was reported last, from the first report on."""
    made = new_node("n1", node(status=status(("Ready", "True", BEFORE)).to_dict()), NOW)
    assert made.status == status(("Ready", "True", BEFORE, NOW))


def status(*conditions: tuple[str, ...], **more: Any) -> NodeStatus:
    names = ("type", "status", "lastTransitionTime", "lastHeartbeatTime")
    listed = [dict(zip(names, condition, strict=False)) for condition in conditions]
    return NodeStatus.from_dict({"conditions": listed, **more})


class TestStatus:
    def test_nothing_new(self) -> None:
        """An equal status writes nothing."""
        stored = status(("Ready", "True", BEFORE), capacity={"cpu": "4"})
        assert merge_node_status(stored, stored, NOW) is None

    def test_a_condition_that_flips(self) -> None:
        """The transition time is the server's, because the stored status may be the server's own Unknown."""
        stored = status(("Ready", "Unknown", BEFORE))
        merged = merge_node_status(stored, status(("Ready", "True", "2020-01-01T00:00:00Z")), NOW)
        assert merged == status(("Ready", "True", NOW, NOW))

    def test_a_condition_that_stays(self) -> None:
        """An unchanged status keeps its transition time, also when the agent's clock was set."""
        stored = status(("Ready", "True", BEFORE), capacity={"cpu": "4"})
        merged = merge_node_status(stored, status(("Ready", "True", NOW), capacity={"cpu": "8"}), NOW)
        assert merged == status(("Ready", "True", BEFORE, NOW), capacity={"cpu": "8"})

    def test_conditions_of_others_stay(self) -> None:
        """A condition that a controller set is not dropped."""
        stored = status(("NetworkUnavailable", "False", BEFORE))
        merged = merge_node_status(stored, status(("Ready", "True", BEFORE)), NOW)
        assert merged == status(("Ready", "True", BEFORE, NOW), ("NetworkUnavailable", "False", BEFORE))

    def test_the_time_of_a_report_is_no_change(self) -> None:
        """A report that says nothing new is not stored for the sake of its time."""
        stored = status(("Ready", "True", BEFORE, BEFORE))
        assert merge_node_status(stored, status(("Ready", "True", BEFORE)), NOW) is None
