"""Placement decisions, with kube-scheduler's words for what stands in the way."""

from typing import Any

import pytest

from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod
from tests.fakes.scheduling import Board, node, pod

TAINT = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("wanted", "nodes", "expected"),
    [
        pytest.param(pod(), [], "no nodes available to schedule pods", id="no-nodes"),
        pytest.param(pod(), [node("a")], "a", id="fits"),
        pytest.param(
            pod(requests={"memory": "8Gi"}),
            [node("a"), node("b")],
            "0/2 nodes are available: 2 Insufficient memory.",
            id="too-big",
        ),
        pytest.param(
            pod(requests={"cpu": "5", "memory": "8Gi", "example.com/gpu": "1"}),
            [node("a")],
            "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient example.com/gpu, 1 Insufficient memory.",
            id="every-lacking-resource-is-named",
        ),
        pytest.param(
            pod(requests={"memory": "8Gi"}),
            [node("a"), node("b", taints=[TAINT]), node("c", taints=[TAINT])],
            "0/3 nodes are available: 1 Insufficient memory, 2 node(s) had untolerated taint {dedicated: gpu}.",
            id="one-reason-per-node",
        ),
        pytest.param(
            pod(
                tolerations=[{"key": "dedicated", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}]
            ),
            [node("a", taints=[TAINT])],
            "a",
            id="tolerated-equal",
        ),
        pytest.param(
            pod(tolerations=[{"operator": "Exists"}]), [node("a", taints=[TAINT])], "a", id="tolerates-all"
        ),
        pytest.param(
            pod(tolerations=[{"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}]),
            [node("a", taints=[TAINT])],
            "0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}.",
            id="another-effect",
        ),
        pytest.param(
            pod(),
            [node("a", taints=[{**TAINT, "effect": "PreferNoSchedule"}])],
            "a",
            id="a-preference-is-no-filter",
        ),
        pytest.param(
            pod(),
            [node("a", unschedulable=True)],
            "0/1 nodes are available: 1 node(s) were unschedulable.",
            id="cordoned",
        ),
        pytest.param(
            pod(nodeSelector={"disk": "ssd"}),
            [node("a"), node("b", labels={"disk": "ssd"})],
            "b",
            id="node-selector",
        ),
        pytest.param(
            pod(nodeSelector={"disk": "ssd"}),
            [node("a")],
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
            id="no-node-matches-selector",
        ),
        pytest.param(
            pod(ports=[{"containerPort": 80, "hostPort": 8080}]),
            [node("a", pods="0")],
            "0/1 nodes are available: 1 Too many pods.",
            id="pod-count",
        ),
    ],
)
def test_a_pod_goes_where_it_can_or_hears_why_not(wanted: Pod, nodes: list[Node], expected: str) -> None:
    """Each filter refuses with kube-scheduler's reason; the reasons add up to its sentence."""
    assert Board(*nodes).decide(wanted) == expected


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("In", ["attic", "cellar"], True),
        ("NotIn", ["attic"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
        ("Gt", ["3"], False),
    ],
)
def test_required_node_affinity(operator: str, values: list[str], expected: bool) -> None:
    """Kubernetes, "Node affinity": the operators on a label that says ``attic``."""
    term = {"matchExpressions": [{"key": "place", "operator": operator, "values": values}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    found = Board(node("a", labels={"place": "attic"})).decide(pod(affinity={"nodeAffinity": required}))
    assert (found == "a") is expected


@pytest.mark.parametrize(
    ("taken", "wanted", "free"),
    [
        pytest.param({"hostPort": 80}, {"hostPort": 81}, True, id="other-port"),
        pytest.param({"hostPort": 80}, {"hostPort": 80}, False, id="same-port"),
        pytest.param({"hostPort": 80}, {"hostPort": 80, "protocol": "UDP"}, True, id="other-protocol"),
        pytest.param(
            {"hostPort": 80, "hostIP": "10.0.0.1"},
            {"hostPort": 80, "hostIP": "10.0.0.2"},
            True,
            id="other-address",
        ),
        pytest.param({"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 80}, False, id="all-addresses"),
    ],
)
def test_a_host_port_is_taken_once_per_node(taken: dict[str, Any], wanted: dict[str, Any], free: bool) -> None:
    """Two pods cannot have the same host port, protocol and address on one node."""
    first = pod("first", ports=[{"containerPort": 1, **taken}])
    second = pod("second", ports=[{"containerPort": 1, **wanted}])
    found = Board(node("a"), on={"a": [first]}).decide(second)
    assert found == (
        "a"
        if free
        else "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
    )


def test_pods_that_ask_for_nothing_spread() -> None:
    """Scoring assumes a little CPU and memory of every container, so that six pods go to three nodes evenly."""
    board = Board(node("a"), node("b"), node("c"))
    chosen = [board.schedule(pod(f"p{number}")) for number in range(6)]
    assert sorted(chosen) == ["a", "a", "b", "b", "c", "c"]


def test_a_pod_that_ends_makes_room() -> None:
    """What a removed pod took can be taken again."""
    board = Board(node("a"), on={"a": [pod("big", requests={"cpu": "4"})]})
    assert board.decide(pod(requests={"cpu": "1"})) == "0/1 nodes are available: 1 Insufficient cpu."
    assert board.cluster.remove_pod("uid-default-big")
    assert board.decide(pod(requests={"cpu": "1"})) == "a"


def test_a_node_that_comes_back_still_has_its_pods() -> None:
    """Deleting and re-registering a node must not lead to overcommitting it."""
    board = Board(node("a"), on={"a": [pod("big", requests={"cpu": "4"})]})
    board.cluster.remove_node("a")
    board.add(node("a"))
    assert board.decide(pod(requests={"cpu": "1"})) == "0/1 nodes are available: 1 Insufficient cpu."
