"""Workloads by kubectl, down to containers on a real Podman."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl
from tests.lab.manifests import FOR_EVER, Manifest, shell
from tests.lab.podman import BUSYBOX
from tests.lab.waiting import wait_until

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(600)]


def deployment(name: str, replicas: int, **spec: Any) -> Manifest:
    """Write a Deployment of pods that run for ever."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [shell(FOR_EVER)], "terminationGracePeriodSeconds": 1},
            },
            **spec,
        },
    }


def containers(cluster: Cluster, kubectl: Kubectl) -> set[str]:
    """Give the ids of the namespace's containers that run."""
    running = cluster.containers("pi").items()
    return {item["Id"] for path, item in running if path.startswith(f"{kubectl.namespace}/")}


def rolled_out(kubectl: Kubectl, name: str) -> str:
    """Wait for the end of a rollout, and give the last line of what kubectl says of it."""
    return kubectl("rollout", "status", f"deployment/{name}", "--timeout=90s", timeout=100).lines[-1]


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
    assert rolled_out(kubectl, "web") == 'deployment "web" successfully rolled out'
    assert kubectl("get", "deployment", "web").rows[0][:4] == ["web", "2/2", "2", "2"]
    first = containers(cluster, kubectl)
    assert len(first) == 2

    kubectl("scale", "deployment/web", "--replicas=3")
    rolled_out(kubectl, "web")
    assert containers(cluster, kubectl) > first

    for colour in ("red", "blue"):
        kubectl("set", "env", "deployment/web", f"COLOUR={colour}")
        rolled_out(kubectl, "web")
        wait_until(lambda: len(containers(cluster, kubectl)) == 3, "the old containers to end")
        assert settings(kubectl, "web") == {colour}
    assert containers(cluster, kubectl).isdisjoint(first)
    assert [line.split()[0] for line in kubectl("rollout", "history", "deployment/web").lines[2:5]] == [
        "1",
        "2",
        "3",
    ]

    kubectl("rollout", "undo", "deployment/web")
    rolled_out(kubectl, "web")
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
    rolled_out(kubectl, "web")
    [lost, kept] = sorted(row[0] for row in kubectl("get", "pods").rows)
    kubectl("delete", "pod", lost, "--grace-period=1")
    rolled_out(kubectl, "web")
    now = {row[0] for row in kubectl("get", "pods", "--field-selector=status.phase=Running").rows}
    assert kept in now
    assert lost not in now
    assert len(now) == 2
    assert len(containers(cluster, kubectl)) == 2
