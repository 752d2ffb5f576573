"""Workloads by kubectl, down to containers on a real Podman."""

from __future__ import annotations

import pytest

from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl
from tests.lab.manifests import FOR_EVER, deployment, shell
from tests.lab.podman import BUSYBOX
from tests.lab.waiting import wait_until
from tests.lab.workloads import containers, rolled_out

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(600)]


def settings(kubectl: Kubectl, name: str) -> set[str]:
    """Give the values of COLOUR in the namespace's pods that nobody deletes."""
    pods = kubectl.json("get", "pods", "-l", f"app={name}")["items"]
    return {
        variable["value"]
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
        for variable in pod["spec"]["containers"][0].get("env", ())
    }


def test_the_life_of_a_deployment(cluster: Cluster, kubectl: Kubectl) -> None:
    """Apply, scale, change, undo and delete: kubectl tells it as ever, and Podman runs just what is wanted."""
    kubectl.apply(deployment("web", 2))
    assert rolled_out(kubectl, "deployment/web").lines[-1] == 'deployment "web" successfully rolled out'
    assert kubectl("get", "deployment", "web").rows[0][:4] == ["web", "2/2", "2", "2"]
    first = set(containers(cluster, kubectl).values())
    assert len(first) == 2

    kubectl("scale", "deployment/web", "--replicas=3")
    rolled_out(kubectl, "deployment/web")
    assert set(containers(cluster, kubectl).values()) > first

    for colour in ("red", "blue"):
        kubectl("set", "env", "deployment/web", f"COLOUR={colour}")
        rolled_out(kubectl, "deployment/web")
        wait_until(lambda: len(containers(cluster, kubectl)) == 3, "the old containers to end")
        assert settings(kubectl, "web") == {colour}
    assert first.isdisjoint(containers(cluster, kubectl).values())
    assert [line.split()[0] for line in kubectl("rollout", "history", "deployment/web").lines[2:5]] == [
        "1",
        "2",
        "3",
    ]

    kubectl("rollout", "undo", "deployment/web")
    rolled_out(kubectl, "deployment/web")
    wait_until(lambda: settings(kubectl, "web") == {"red"}, "the pods of the revision before")

    kubectl("delete", "deployment", "web")
    wait_until(lambda: not containers(cluster, kubectl), "the containers to end")
    wait_until(
        lambda: "No resources found" in kubectl("get", "replicasets,pods").stderr, "nothing to be left of it"
    )


def test_a_pod_that_is_deleted_is_replaced(cluster: Cluster, kubectl: Kubectl) -> None:
    """What kubectl creates without a manifest, too: a pod that goes makes room for another one."""
    words = ("sh", "-c", FOR_EVER)
    kubectl("create", "deployment", "web", f"--image={BUSYBOX}", "--replicas=2", "--", *words)
    rolled_out(kubectl, "deployment/web")
    [lost, kept] = sorted(row[0] for row in kubectl("get", "pods").rows)
    kubectl("delete", "pod", lost, "--grace-period=1")
    rolled_out(kubectl, "deployment/web")
    now = {row[0] for row in kubectl("get", "pods", "--field-selector=status.phase=Running").rows}
    assert kept in now
    assert lost not in now
    assert len(now) == 2
    assert len(containers(cluster, kubectl)) == 2


def measured(kubectl: Kubectl, *words: str) -> dict[str, int]:
    """Give millicores by container, as ``kubectl top`` has them; nothing while there is nothing to show."""
    shown = kubectl("top", "pod", "--containers", "--no-headers", *words, code=None)
    return {row[1]: int(row[2].removesuffix("m")) for row in map(str.split, shown.stdout.splitlines())}


def test_usage_is_measured_and_scaled_by(cluster: Cluster, kubectl: Kubectl) -> None:
    """``top`` tells a busy container from an idle one, and an autoscaler makes more pods of the busy."""
    busy = deployment("busy", 1)
    resources = {"requests": {"cpu": "10m"}, "limits": {"cpu": "100m"}}
    busy["spec"]["template"]["spec"]["containers"] = [
        shell("trap 'exit 0' TERM; while :; do :; done", "works", resources=resources),
        shell(FOR_EVER, "waits", resources=resources),
    ]
    kubectl.apply(busy)
    rolled_out(kubectl, "deployment/busy")
    wait_until(lambda: measured(kubectl).get("works", 0) > 20, "the work to be measured", 60)
    usage = measured(kubectl)
    assert usage["waits"] < usage["works"] / 2
    [node] = kubectl("top", "node").rows
    assert node[0] == "pi"
    assert int(node[1].removesuffix("m")) > 0
    assert int(node[3].removesuffix("Mi")) > 0

    kubectl("autoscale", "deployment/busy", "--cpu-percent=50", "--min=1", "--max=2")
    both = 4  # containers of two pods
    wait_until(
        lambda: sum(path.startswith(f"{kubectl.namespace}/") for path in cluster.containers("pi")) == both,
        "a second pod",
    )
    assert kubectl("get", "hpa", "busy").rows[0][1] == "Deployment/busy"
    kubectl("delete", "hpa,deployment", "busy")
