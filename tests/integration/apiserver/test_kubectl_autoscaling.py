"""Real kubectl: ``top``, ``autoscale`` and what it shows of autoscalers, in both versions of their API."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from edgeorch.api.apps.resources import DEPLOYMENTS
from edgeorch.api.autoscaling.resources import HORIZONTAL_POD_AUTOSCALERS
from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.meta import format_time
from edgeorch_server.controllers.autoscaling.controller import SOURCES, Autoscalers
from edgeorch_server.controllers.runner import Controller
from edgeorch_server.metrics.node_stats import NodeStatsCache
from edgeorch_server.metrics.pod_usage import PodUsages
from edgeorch_server.registry.base import ContainerStats, NodeStats, WriteOptions
from edgeorch_server.registry.recorder import EventRecorder
from tests.fakes.api_server import Cluster, wall_clock
from tests.fakes.eventually import eventually
from tests.fakes.kubectl import Kubectl
from tests.lab.kubectl import kubectls

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
    pytest.mark.usefixtures("furnished"),
]

MIB = 1024 * 1024
LABELS = {"app": "web"}
TEMPLATE = {
    "metadata": {"labels": LABELS},
    "spec": {
        "containers": [
            {"name": "main", "image": "web:1", "resources": {"requests": {"cpu": "200m"}}},
            {"name": "side", "image": "log:1", "resources": {"requests": {"cpu": "50m"}}},
        ]
    },
}


async def create(cluster: Cluster, resource: Any, name: str, **body: Any) -> None:
    namespace = "default" if resource.namespaced else ""
    meta = {"name": name, **body.pop("metadata", {})}
    await cluster.registry.create_entry(resource, namespace, {"metadata": meta, **body}, WriteOptions())


async def run_pod(cluster: Cluster, name: str, node: str) -> str:
    """Let a pod run on a node; gives its uid."""
    await create(cluster, PODS, name, **TEMPLATE)
    await cluster.registry.bind(cluster.registry.get(PODS, "default", name), node)
    pod = cluster.registry.get(PODS, "default", name)
    since = format_time(wall_clock() - dt.timedelta(hours=1))
    conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": since}]
    status = {"phase": "Running", "startTime": since, "conditions": conditions}
    pod.status = Pod.from_dict({"status": status}).status
    await cluster.registry.update_status(PODS, pod)
    return pod.metadata.uid


@pytest.fixture
async def furnished(cluster: Cluster) -> None:
    """Make a node that answers and one that does not, with a pod of the Deployment ``web`` on each."""
    for name in ("pi-1", "pi-2"):
        await create(cluster, NODES, name)
        node = cluster.registry.get(NODES, "", name)
        resources = {"cpu": "4", "memory": "4Gi", "pods": "110"}
        status = {"allocatable": resources, "capacity": resources}
        node.status = Node.from_dict({"status": status}).status
        await cluster.registry.update_status(NODES, node)
    selector = {"matchLabels": LABELS}
    await create(cluster, DEPLOYMENTS, "web", spec={"replicas": 2, "selector": selector, "template": TEMPLATE})
    uid = await run_pod(cluster, "web-1", "pi-1")
    await run_pod(cluster, "web-2", "pi-2")
    containers = {
        "main": ContainerStats(300_000_000, 64 * MIB),
        "side": ContainerStats(25_000_000, 6 * MIB),
    }
    cluster.nodes.usage["pi-1"] = NodeStats(
        wall_clock(), dt.timedelta(seconds=15), ContainerStats(1_000_000_000, 1024 * MIB), {uid: containers}
    )


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


async def test_top(kubectl: Kubectl) -> None:
    """Who answers is shown, who does not is ``<unknown>`` or missing; sums and single containers as ever."""
    rows = table((await kubectl.ok("top", "node")).out)
    assert rows[1] == ["pi-1", "1000m", "25%", "1024Mi", "25%"]
    assert [row[0] for row in rows[2:]] in ([], ["pi-2"])
    assert table((await kubectl.ok("top", "pod")).out)[1:] == [["web-1", "325m", "70Mi"]]
    assert table((await kubectl.ok("top", "pod", "--containers", "-l", "app=web")).out)[1:] == [
        ["web-1", "main", "300m", "64Mi"],
        ["web-1", "side", "25m", "6Mi"],
    ]
    assert table((await kubectl.ok("top", "pod", "web-1", "--sum=true")).out)[-1] == ["325m", "70Mi"]
    assert table((await kubectl.ok("top", "node", "pi-1")).out)[1][0] == "pi-1"
    silent = await kubectl("top", "node", "pi-2")
    assert 'nodemetrics.metrics.k8s.io "pi-2" not found' in silent.err
    gone = await kubectl("top", "pod", "web-9")
    assert 'pods "web-9" not found' in gone.err


async def test_metrics_by_http(admin: httpx.AsyncClient, newest: Kubectl) -> None:
    """The objects of metrics.k8s.io/v1beta1; they can be read, and nothing else."""
    path = "/apis/metrics.k8s.io/v1beta1"
    listed = (await admin.get(f"{path}/namespaces/default/pods", params={"labelSelector": "app=web"})).json()
    assert listed["kind"] == "PodMetricsList"
    [one] = listed["items"]
    assert one == (await admin.get(f"{path}/namespaces/default/pods/web-1")).json()
    assert (one["metadata"]["labels"], one["window"]) == (LABELS, "15s")
    assert one["containers"][0] == {"name": "main", "usage": {"cpu": "300m", "memory": "64Mi"}}
    assert (await admin.get(f"{path}/pods", params={"labelSelector": "app=db"})).json()["items"] == []
    assert (await admin.delete(f"{path}/nodes/pi-1")).status_code == 405
    assert (await admin.get(f"{path}/nodes", params={"watch": "1"})).status_code == 405
    shown = (await newest.ok("get", "pods.v1beta1.metrics.k8s.io")).out
    assert table(shown) == [["NAME", "CPU", "MEMORY", "WINDOW"], ["web-1", "325m", "70Mi", "15s"]]


@pytest.fixture
async def autoscaling(cluster: Cluster) -> AsyncIterator[None]:
    """Run the controller."""
    recorder = EventRecorder(cluster.registry, "horizontal-pod-autoscaler", wall_clock)
    usages = PodUsages(NodeStatsCache(cluster.nodes))
    logic = Autoscalers(cluster.registry, cluster.registry, recorder, usages, now=wall_clock)
    task = asyncio.create_task(Controller("hpa", logic, SOURCES, cluster.registry).run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.usefixtures("autoscaling")
async def test_autoscale(kubectl: Kubectl, cluster: Cluster) -> None:
    """``autoscale``, ``get`` and ``describe``, whichever version of the API a kubectl speaks."""
    await kubectl.ok("autoscale", "deployment/web", "--min=1", "--max=5", "--cpu-percent=65")

    def decided() -> bool:
        hpa = cluster.registry.get(HORIZONTAL_POD_AUTOSCALERS, "default", "web")
        return bool(hpa.status.currentMetrics)

    await eventually(decided)
    # One pod uses 130% and nothing is known of the other, which is taken to use nothing: 65% of both.
    [row] = table((await kubectl.ok("get", "hpa", "--no-headers")).out)
    assert row[:7] == ["web", "Deployment/web", "cpu:", "130%/65%", "1", "5", "2"]
    described = (await kubectl.ok("describe", "hpa", "web")).out
    assert "Deployment/web" in described
    assert "ScalingActive" in described
    assert "ValidMetricFound" in described


async def test_both_versions(admin: httpx.AsyncClient, newest: Kubectl) -> None:
    """One object under two versions: written in either, read, patched, watched and listed in both."""
    root = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
    v1, v2 = root.format("v1"), root.format("v2")
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "maxReplicas": 5, "targetCPUUtilizationPercentage": 50}
    body = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": spec,
    }
    made = await admin.post(v1, json=body)
    assert made.status_code == 201, made.text
    assert made.json()["apiVersion"] == "autoscaling/v1"
    assert made.json()["spec"] == {**spec, "minReplicas": 1}
    stored = (await admin.get(f"{v2}/web")).json()
    assert stored["apiVersion"] == "autoscaling/v2"
    assert stored["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 50

    patched = await admin.patch(
        f"{v1}/web",
        json={"spec": {"targetCPUUtilizationPercentage": 70}},
        headers={"content-type": "application/merge-patch+json"},
    )
    assert patched.json()["spec"]["targetCPUUtilizationPercentage"] == 70
    behavior = {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 5}}}}
    await admin.patch(f"{v2}/web", json=behavior, headers={"content-type": "application/merge-patch+json"})

    # A PUT of what was read in v1 loses nothing of what only v2 has a field for.
    before, shown = (await admin.get(f"{v2}/web")).json(), (await admin.get(f"{v1}/web")).json()
    assert "autoscaling.alpha.kubernetes.io/behavior" in shown["metadata"]["annotations"]
    shown["spec"]["maxReplicas"] = 6
    assert (await admin.put(f"{v1}/web", json=shown)).status_code == 200
    after = (await admin.get(f"{v2}/web")).json()
    assert after["spec"] == {**before["spec"], "maxReplicas": 6}
    assert "annotations" not in after["metadata"]

    for version, url in (("v1", v1), ("v2", v2)):
        listed = (await admin.get(url)).json()
        assert listed["apiVersion"] == f"autoscaling/{version}"
        assert [item["apiVersion"] for item in listed["items"]] == [f"autoscaling/{version}"]
        query = {"watch": "1", "timeoutSeconds": "1", "resourceVersion": "0"}
        [event, *_] = (await admin.get(url, params=query)).text.splitlines()
        assert f'"apiVersion":"autoscaling/{version}"' in event
    wrong = await admin.post(v1, json={**body, "metadata": {"name": "w"}, "spec": {**spec, "maxReplicas": 0}})
    assert wrong.status_code == 422
    assert "spec.maxReplicas: Invalid value: 0: must be greater than 0" in wrong.json()["message"]
    for group in ("autoscaling/v1", "autoscaling/v2"):
        assert group in (await newest.ok("api-versions")).out
    named = await newest.ok(
        "get", "horizontalpodautoscalers.v1.autoscaling", "web", "-o", "jsonpath={.apiVersion}"
    )
    assert named.out == "autoscaling/v1"
