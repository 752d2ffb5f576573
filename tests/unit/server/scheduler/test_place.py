"""Placement decisions, with kube-scheduler's words for what stands in the way."""

from typing import Any

import pytest

from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod
from edgeorch_server.scheduler.framework import Placement, Rejected, place
from edgeorch_server.scheduler.plugins.profile import default_profile
from edgeorch_server.scheduler.snapshot import Cluster, PodInfo


def node(name: str, *, cpu: str = "4", memory: str = "4Gi", pods: str = "110", **more: Any) -> Node:
    return Node.from_dict(
        {
            "metadata": {"name": name, "labels": more.pop("labels", {})},
            "spec": more,
            "status": {"allocatable": {"cpu": cpu, "memory": memory, "pods": pods}},
        }
    )


def pod(
    name: str = "web",
    *,
    requests: dict[str, str] | None = None,
    ports: list[dict[str, Any]] | None = None,
    **spec: Any,
) -> Pod:
    container: dict[str, Any] = {"name": "c", "image": "i", "ports": ports or []}
    if requests:
        container["resources"] = {"requests": requests}
    return Pod.from_dict(
        {
            "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"},
            "spec": {"containers": [container], **spec},
        }
    )


def cluster(*nodes: Node, on: dict[str, list[Pod]] | None = None) -> Cluster:
    found = Cluster()
    for one in nodes:
        found.set_node(one)
    for name, pods in (on or {}).items():
        for one_pod in pods:
            found.place(PodInfo.of(one_pod), name)
    return found


def decide(wanted: Pod, state: Cluster) -> str:
    decision = place(wanted, state.nodes, default_profile())
    return decision.node if isinstance(decision, Placement) else str(decision)


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
    assert decide(wanted, cluster(*nodes)) == expected


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
    found = decide(pod(affinity={"nodeAffinity": required}), cluster(node("a", labels={"place": "attic"})))
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
    found = decide(second, cluster(node("a"), on={"a": [first]}))
    assert found == (
        "a"
        if free
        else "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
    )


def test_pods_that_ask_for_nothing_spread() -> None:
    """Scoring assumes a little CPU and memory of every container, so that three pods go to three nodes."""
    state = cluster(node("a"), node("b"), node("c"))
    chosen = []
    for number in range(6):
        one = pod(f"p{number}")
        chosen.append(decide(one, state))
        state.place(PodInfo.of(one), chosen[-1])
    assert sorted(chosen) == ["a", "a", "b", "b", "c", "c"]


def test_a_pod_that_ends_makes_room() -> None:
    """What a removed pod took can be taken again."""
    big = pod("big", requests={"cpu": "4"})
    state = cluster(node("a"), on={"a": [big]})
    assert decide(pod(requests={"cpu": "1"}), state) == "0/1 nodes are available: 1 Insufficient cpu."
    assert state.remove_pod("uid-big")
    assert decide(pod(requests={"cpu": "1"}), state) == "a"


def test_a_node_that_comes_back_still_has_its_pods() -> None:
    """Deleting and re-registering a node must not lead to overcommitting it."""
    state = cluster(node("a"), on={"a": [pod("big", requests={"cpu": "4"})]})
    state.remove_node("a")
    state.set_node(node("a"))
    assert isinstance(place(pod(requests={"cpu": "1"}), state.nodes, default_profile()), Rejected)
