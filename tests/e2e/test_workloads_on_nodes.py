"""Nodes that are drained, tainted and given back, by kubectl, on three nodes with a Podman each: containers move."""

from __future__ import annotations

import re

import pytest

from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl
from tests.lab.manifests import deployment, workload
from tests.lab.waiting import wait_until
from tests.lab.workloads import containers, rolled_out

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(600)]

PATIENCE = 180.0


def by_node(fleet: Cluster, kubectl: Kubectl, name: str) -> dict[str, list[str]]:
    """Give the ids of containers that run for a workload's pods, by node, in one steady order."""
    return {node: sorted(containers(fleet, kubectl, node, f"{name}-").values()) for node in fleet.nodes}


def until_rolled_out(kubectl: Kubectl, what: str) -> None:
    """Wait until a rollout across nodes has come to its end."""
    rolled_out(kubectl, what, 150)


def shown(kubectl: Kubectl, node: str) -> str:
    """Give a node's status as ``get nodes`` has it."""
    return kubectl("get", "node", node).rows[0][1]


def test_draining_a_node(fleet: Cluster, fleet_kubectl: Kubectl) -> None:
    """``drain`` moves what may move within its budget, leaves daemons, and ``uncordon`` makes room again."""
    kubectl = fleet_kubectl
    kubectl.apply(deployment("web", 3), workload("DaemonSet", "daemon"))
    kubectl("create", "poddisruptionbudget", "web", "--selector=app=web", "--min-available=3")
    until_rolled_out(kubectl, "deployment/web")
    until_rolled_out(kubectl, "daemonset/daemon")
    daemons = by_node(fleet, kubectl, "daemon")
    assert [len(ids) for ids in daemons.values()] == [1, 1, 1]
    node = kubectl.json("get", "pods", "-l", "app=web")["items"][0]["spec"]["nodeName"]

    ours = "--pod-selector=app in (web, daemon)"
    refused = kubectl("drain", node, ours, code=1)
    assert f'unable to drain node "{node}"' in refused.stderr
    assert (
        f"cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): {kubectl.namespace}/daemon-"
        in (refused.stderr)
    )
    assert shown(kubectl, node) == "Ready,SchedulingDisabled"

    before = by_node(fleet, kubectl, "web")
    held = kubectl("drain", node, ours, "--ignore-daemonsets", "--timeout=4s", code=1, timeout=30)
    assert "Cannot evict pod as it would violate the pod's disruption budget." in held.stderr
    assert by_node(fleet, kubectl, "web") == before
    kubectl("patch", "pdb", "web", "--patch", '{"spec": {"minAvailable": 2}}')
    kubectl("drain", node, ours, "--ignore-daemonsets", "--timeout=150s", timeout=160)
    until_rolled_out(kubectl, "deployment/web")
    after = by_node(fleet, kubectl, "web")
    assert after[node] == []
    assert sum(map(len, after.values())) == 3
    assert by_node(fleet, kubectl, "daemon") == daemons
    described = kubectl("describe", "node", node).stdout
    assert re.search(r"^Taints: +node.kubernetes.io/unschedulable:NoSchedule$", described, re.MULTILINE)
    assert re.search(r"^Unschedulable: +true$", described, re.MULTILINE)

    kubectl("uncordon", node)
    assert shown(kubectl, node) == "Ready"
    kubectl("scale", "deployment/web", "--replicas=6")
    until_rolled_out(kubectl, "deployment/web")
    assert by_node(fleet, kubectl, "web")[node] != []


def test_a_taint_that_evicts(fleet: Cluster, fleet_kubectl: Kubectl) -> None:
    """``NoExecute`` ends what does not tolerate it, and only that; without the taint the daemon is back."""
    kubectl = fleet_kubectl
    tolerant = deployment("tolerant", 3)
    tolerant["spec"]["template"]["spec"]["tolerations"] = [{"key": "repair", "operator": "Exists"}]
    kubectl.apply(tolerant, workload("DaemonSet", "daemon"))
    until_rolled_out(kubectl, "deployment/tolerant")
    until_rolled_out(kubectl, "daemonset/daemon")
    node = kubectl.json("get", "pods", "-l", "app=tolerant")["items"][0]["spec"]["nodeName"]
    tolerated, before = by_node(fleet, kubectl, "tolerant"), by_node(fleet, kubectl, "daemon")

    assert kubectl("taint", "node", node, "repair=now:NoExecute").stdout == f"node/{node} tainted\n"
    try:
        wait_until(
            lambda: by_node(fleet, kubectl, "daemon") == {**before, node: []}, "the daemon to end", PATIENCE
        )
        assert kubectl("get", "daemonset", "daemon").rows[0][1:6] == ["2", "2", "2", "2", "2"]
        assert by_node(fleet, kubectl, "tolerant") == tolerated
    finally:
        assert kubectl("taint", "node", node, "repair-").stdout == f"node/{node} untainted\n"
    wait_until(lambda: len(by_node(fleet, kubectl, "daemon")[node]) == 1, "the daemon to be back", PATIENCE)

    kubectl("rollout", "restart", "daemonset/daemon")
    until_rolled_out(kubectl, "daemonset/daemon")
    wait_until(
        lambda: all(
            len(ids) == 1 and ids != before[name] for name, ids in by_node(fleet, kubectl, "daemon").items()
        ),
        "another daemon on each node",
        PATIENCE,
    )


def test_usage_of_all_nodes(fleet: Cluster, fleet_kubectl: Kubectl) -> None:
    """``top nodes`` asks every node."""

    def of_all() -> list[list[str]] | None:
        rows = fleet_kubectl("top", "nodes").rows
        return rows if [row[0] for row in rows] == sorted(fleet.nodes) else None

    # A node that is too busy to answer at once is left out.
    rows = wait_until(of_all, "the usage of all nodes", PATIENCE)
    assert all(int(row[3].removesuffix("Mi")) > 0 for row in rows)
