"""Real kubectl and the real workload controllers; pods are as ready as the test says."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from edgeorch.api.core.node import Node
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import NODES, PODS
from edgeorch.api.meta import DeleteOptions, ObjectMeta, format_time
from edgeorch_server.controllers.garbage.collector import GarbageCollector, run_garbage_collector
from edgeorch_server.controllers.workloads import workload_controllers
from edgeorch_server.registry.follow import Changed, Listed, follow
from edgeorch_server.registry.recorder import EventRecorder
from tests.fakes.api_server import Cluster, wall_clock
from tests.fakes.eventually import eventually
from tests.fakes.kubectl import Kubectl
from tests.lab.kubectl import kubectls

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not kubectls(), reason="there is no kubectl on the PATH"),
    pytest.mark.usefixtures("at_work"),
]

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {kubernetes.io/change-cause: first}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "nginx:1"}]
"""
STATEFUL_SET = DEPLOYMENT.replace("Deployment", "StatefulSet").replace(
    "  replicas: 2\n", "  replicas: 2\n  serviceName: web\n"
)
CLAIMS = """\
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
BROKEN = "nginx:broken"


async def play_node(cluster: Cluster) -> None:
    """Let every pod run and be ready, unless its image is broken; let those end that are to go."""

    async def act(pod: Pod) -> None:
        if pod.metadata.deletionTimestamp:
            options = DeleteOptions(gracePeriodSeconds=0)
            await cluster.registry.delete(PODS, pod.metadata.namespace, pod.metadata.name, options)
        elif pod.status.phase == "Pending" and pod.spec.containers[0].image != BROKEN:
            ready = {"type": "Ready", "status": "True", "lastTransitionTime": format_time(wall_clock())}
            status = {"status": {"phase": "Running", "conditions": [ready]}}
            pod.status = Pod.from_dict(status).status
            await cluster.registry.update_status(PODS, pod)

    async for news in follow(cluster.registry, PODS):
        match news:
            case Listed(objects):
                for pod in objects:
                    await act(pod)
            case Changed(type="DELETED"):
                continue
            case Changed(object=pod):
                await act(pod)


@pytest.fixture
async def at_work(cluster: Cluster) -> AsyncIterator[None]:
    """Run the controllers, and the node."""
    recorder = EventRecorder(cluster.registry, "gc", wall_clock)
    collector = GarbageCollector(cluster.registry, recorder)
    work: list[Coroutine[Any, Any, None]] = [
        c.run() for c in workload_controllers(cluster.registry, wall_clock)
    ]
    work += [run_garbage_collector(collector, cluster.registry), play_node(cluster)]
    tasks = [asyncio.create_task(coroutine) for coroutine in work]
    yield
    assert not any(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def stored(cluster: Cluster, resource: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cluster.stored(resource, name))
    return found


async def test_a_deployment_from_cradle_to_grave(kubectl: Kubectl) -> None:
    """Apply it, watch it roll out, change it, look at its history, go back, scale it, describe and delete it."""
    await kubectl.ok("apply", "-f", "-", stdin=DEPLOYMENT)
    out = (await kubectl.ok("rollout", "status", "deployment/web", "--timeout=30s")).out
    assert out.endswith('deployment "web" successfully rolled out\n')
    row = (await kubectl.ok("get", "deployments", "--no-headers")).out.split()
    assert row[:4] == ["web", "2/2", "2", "2"]

    await kubectl.ok("set", "image", "deployment/web", "web=nginx:2")
    await kubectl.ok("annotate", "deployment/web", "kubernetes.io/change-cause=second", "--overwrite")
    await kubectl.ok("rollout", "status", "deployment/web", "--timeout=30s")
    history = (await kubectl.ok("rollout", "history", "deployment/web")).out
    assert [line.split() for line in history.splitlines()[2:4]] == [["1", "first"], ["2", "second"]]
    detail = (await kubectl.ok("rollout", "history", "deployment/web", "--revision=1")).out
    assert "nginx:1" in detail

    undone = await kubectl.ok("rollout", "undo", "deployment/web")
    assert undone.out == "deployment.apps/web rolled back\n"
    await kubectl.ok("rollout", "status", "deployment/web", "--timeout=30s")
    image = await kubectl.ok("get", "deployment", "web", "-o", "jsonpath={..image}")
    assert image.out == "nginx:1"
    await kubectl.ok("rollout", "undo", "deployment/web", "--to-revision=2")
    await kubectl.ok("rollout", "status", "deployment/web", "--timeout=30s")

    assert "scaled" in (await kubectl.ok("scale", "deployment/web", "--replicas=3")).out
    await kubectl.ok("rollout", "status", "deployment/web", "--timeout=30s")
    described = (await kubectl.ok("describe", "deployment", "web")).out
    for text in (
        "3 desired | 3 updated | 3 total | 3 available | 0 unavailable",
        "RollingUpdateStrategy:  25% max unavailable, 25% max surge",
        "Progressing    True    NewReplicaSetAvailable",
        "ScalingReplicaSet",
    ):
        assert text in described
    await kubectl.ok("delete", "deployment", "web")
    assert (await kubectl.ok("wait", "--for=delete", "pods", "-l", "app=web", "--timeout=30s")).code == 0
    assert (await kubectl.ok("get", "all", "-o", "name")).out == ""


async def test_create_deployment(kubectl: Kubectl) -> None:
    """Without a manifest; kubectl from 1.32 on sends it as protobuf."""
    await kubectl.ok("create", "deployment", "db", "--image=postgres:16", "--replicas=2")
    await kubectl.ok("rollout", "status", "deployment/db", "--timeout=30s")
    assert len((await kubectl.ok("get", "pods", "-l", "app=db", "-o", "name")).out.split()) == 2


async def test_pausing_and_restarting(newest: Kubectl, cluster: Cluster) -> None:
    """``rollout pause`` holds changes back, ``resume`` lets them go, ``restart`` replaces all pods."""
    await newest.ok("apply", "-f", "-", stdin=DEPLOYMENT)
    await newest.ok("rollout", "status", "deployment/web", "--timeout=30s")
    await newest.ok("rollout", "pause", "deployment/web")
    await newest.ok("set", "image", "deployment/web", "web=nginx:2")
    generation = stored(cluster, "deployments.apps", "web")["metadata"]["generation"]
    await eventually(
        lambda: stored(cluster, "deployments.apps", "web")["status"]["observedGeneration"] == generation
    )
    assert len((await newest.ok("get", "rs", "-o", "name")).out.split()) == 1
    await newest.ok("rollout", "resume", "deployment/web")
    await newest.ok("rollout", "status", "deployment/web", "--timeout=30s")
    before = (await newest.ok("get", "pods", "-o", "name")).out.split()
    await newest.ok("rollout", "restart", "deployment/web")
    await newest.ok("rollout", "status", "deployment/web", "--timeout=30s")
    after = (await newest.ok("get", "pods", "-o", "name")).out.split()
    assert len(after) == 2
    assert not set(before) & set(after)


async def test_a_rollout_that_fails(newest: Kubectl) -> None:
    """``rollout status`` ends with the reason, and the old pods still serve."""
    await newest.ok("apply", "-f", "-", stdin=DEPLOYMENT + "  progressDeadlineSeconds: 2\n")
    await newest.ok("rollout", "status", "deployment/web", "--timeout=30s")
    await newest.ok("set", "image", "deployment/web", f"web={BROKEN}")
    failed = await newest("rollout", "status", "deployment/web", "--timeout=60s")
    assert failed.code == 1
    assert failed.err == 'error: deployment "web" exceeded its progress deadline\n'
    row = (await newest.ok("get", "deployment", "web", "--no-headers")).out.split()
    assert row[:4] == ["web", "2/2", "1", "2"]


async def test_scaling(newest: Kubectl) -> None:
    """``scale`` reads and writes the subresource; a wrong expectation is refused."""
    await newest.ok("apply", "-f", "-", stdin=DEPLOYMENT)
    wrong = await newest("scale", "deployment/web", "--replicas=5", "--current-replicas=7")
    assert wrong.code == 1
    assert "Expected replicas to be 7, was 2" in wrong.err
    await newest.ok("scale", "deployment/web", "--replicas=5", "--current-replicas=2")
    table = (await newest.ok("get", "deployment", "web", "--subresource=scale")).out
    assert re.fullmatch(r"NAME +DESIRED +AVAILABLE +AGE", table.splitlines()[0])
    assert table.splitlines()[1].split()[:2] == ["web", "5"]
    as_json = (await newest.ok("get", "deployment", "web", "--subresource=scale", "-o", "json")).json
    assert (as_json["kind"], as_json["status"]["selector"]) == ("Scale", "app=web")


async def test_changing_the_strategy(newest: Kubectl) -> None:
    """An apply that turns a rolling update into Recreate takes the limits away with it."""
    await newest.ok("apply", "-f", "-", stdin=DEPLOYMENT)
    await newest.ok("apply", "-f", "-", stdin=DEPLOYMENT + "  strategy: {type: Recreate}\n")
    strategy = await newest.ok("get", "deployment", "web", "-o", "jsonpath={.spec.strategy}")
    assert strategy.out == '{"type":"Recreate"}'


async def test_a_deployment_that_is_refused(newest: Kubectl) -> None:
    """What is wrong is told in Kubernetes' words, all of it."""
    refused = await newest("apply", "-f", "-", stdin=DEPLOYMENT.replace("matchLabels: {app: web}", ""))
    assert refused.code == 1
    assert 'The Deployment "web" is invalid' in refused.err
    assert "spec.selector: Invalid value: {}: empty selector is invalid for deployment" in refused.err
    await newest.ok("apply", "-f", "-", stdin=DEPLOYMENT)
    moved = DEPLOYMENT.replace("app: web", "app: db")
    refused = await newest("apply", "-f", "-", stdin=moved)
    assert "field is immutable" in refused.err


async def test_a_daemon_set(kubectl: Kubectl, cluster: Cluster) -> None:
    """Roll it out, change it, look at its history, and go back by the revision that kubectl sends."""
    for name in ("pi-1", "pi-2"):
        await cluster.registry.create(NODES, Node(metadata=ObjectMeta(name=name)))
    manifest = DEPLOYMENT.replace("Deployment", "DaemonSet").replace("  replicas: 2\n", "")
    await kubectl.ok("apply", "-f", "-", stdin=manifest)
    out = (await kubectl.ok("rollout", "status", "ds/web", "--timeout=30s")).out
    assert out.endswith('daemon set "web" successfully rolled out\n')
    await kubectl.ok("set", "image", "ds/web", "web=nginx:2")
    await kubectl.ok("rollout", "status", "ds/web", "--timeout=30s")
    history = (await kubectl.ok("rollout", "history", "ds/web")).out
    assert [line.split()[0] for line in history.splitlines()[2:4]] == ["1", "2"]
    assert "nginx:1" in (await kubectl.ok("rollout", "history", "ds/web", "--revision=1")).out
    await kubectl.ok("rollout", "undo", "ds/web")
    await kubectl.ok("rollout", "status", "ds/web", "--timeout=30s")
    images = await kubectl.ok("get", "pods", "-o", "jsonpath={..containers[*].image}")
    assert images.out.split() == ["nginx:1", "nginx:1"]
    row = (await kubectl.ok("get", "ds", "--no-headers")).out.split()
    assert row[:7] == ["web", "2", "2", "2", "2", "2", "<none>"]
    described = (await kubectl.ok("describe", "ds", "web")).out
    assert "Desired Number of Nodes Scheduled: 2" in described
    assert "SuccessfulCreate" in described


async def test_a_stateful_set(kubectl: Kubectl) -> None:
    """Roll it out, change it, look at its history, go back, scale it, describe and delete it."""
    await kubectl.ok("apply", "-f", "-", stdin=STATEFUL_SET)
    out = (await kubectl.ok("rollout", "status", "sts/web", "--timeout=30s")).out
    assert out.endswith("partitioned roll out complete: 2 new pods have been updated...\n")
    await kubectl.ok("set", "image", "sts/web", "web=nginx:2")
    await kubectl.ok("annotate", "sts/web", "kubernetes.io/change-cause=second", "--overwrite")
    await kubectl.ok("rollout", "status", "sts/web", "--timeout=30s")
    history = (await kubectl.ok("rollout", "history", "sts/web")).out
    assert [line.split()[0] for line in history.splitlines()[2:4]] == ["1", "2"]
    assert "nginx:1" in (await kubectl.ok("rollout", "history", "sts/web", "--revision=1")).out
    await kubectl.ok("rollout", "undo", "sts/web")
    await kubectl.ok("rollout", "status", "sts/web", "--timeout=30s")
    images = await kubectl.ok("get", "pods", "-o", "jsonpath={..containers[*].image}")
    assert images.out.split() == ["nginx:1", "nginx:1"]

    assert "scaled" in (await kubectl.ok("scale", "sts/web", "--replicas=3", "--current-replicas=2")).out
    await kubectl.ok("rollout", "status", "sts/web", "--timeout=30s")
    assert (await kubectl.ok("get", "pods", "-o", "name")).out.split() == [f"pod/web-{n}" for n in range(3)]
    row = (await kubectl.ok("get", "sts", "--no-headers")).out.split()
    assert row[:2] == ["web", "3/3"]
    described = (await kubectl.ok("describe", "sts", "web")).out
    for text in (
        "3 desired | 3 total",
        "3 Running / 0 Waiting",
        "create Pod web-2 in StatefulSet web successful",
    ):
        assert text in described
    await kubectl.ok("delete", "sts", "web")
    await kubectl.ok("wait", "--for=delete", "pods", "-l", "app=web", "--timeout=30s")


async def test_a_stateful_set_with_claims(newest: Kubectl, cluster: Cluster) -> None:
    """Who applies it is warned that nothing binds claims; they are there to see, and stay when it goes."""
    applied = await newest.ok("apply", "-f", "-", stdin=STATEFUL_SET + CLAIMS)
    assert "spec.volumeClaimTemplates[0].spec" in applied.err
    assert "they stay Pending" in applied.err
    await newest.ok("rollout", "status", "sts/web", "--timeout=30s")
    lines = (await newest.ok("get", "pvc", "--no-headers")).out.splitlines()
    assert [line.split()[:2] for line in lines] == [["data-web-0", "Pending"], ["data-web-1", "Pending"]]
    described = (await newest.ok("describe", "pvc", "data-web-0")).out
    assert "Used By:       web-0" in described
    # kubectl sends a patch each time, as the list of templates is one to it; it changes nothing.
    await newest.ok("apply", "-f", "-", stdin=STATEFUL_SET + CLAIMS)
    assert stored(cluster, "statefulsets.apps", "web")["metadata"]["generation"] == 1
    larger = await newest("apply", "-f", "-", stdin=STATEFUL_SET + CLAIMS.replace("1Gi", "2Gi"))
    assert "updates to statefulset spec for fields other than 'replicas', 'ordinals'" in larger.err
    await newest.ok("delete", "sts", "web")
    await newest.ok("wait", "--for=delete", "pods", "-l", "app=web", "--timeout=30s")
    assert len((await newest.ok("get", "pvc", "-o", "name")).out.split()) == 2


async def test_get_all(newest: Kubectl) -> None:
    """``get all`` has pods, ReplicaSets and Deployments."""
    await newest.ok("apply", "-f", "-", stdin=DEPLOYMENT)
    await newest.ok("rollout", "status", "deployment/web", "--timeout=30s")
    names = (await newest.ok("get", "all", "-o", "name")).out.split()
    kinds = sorted(name.partition("/")[0] for name in names)
    assert kinds == ["deployment.apps", "pod", "pod", "replicaset.apps"]
    wide = (await newest.ok("get", "rs", "-o", "wide")).out.splitlines()
    assert wide[0].split() == ["NAME", "DESIRED", "CURRENT", "READY", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"]


async def test_disruption_budgets(kubectl: Kubectl, cluster: Cluster) -> None:
    """``create pdb`` keeps ``drain`` waiting; once the budget gives way, drain goes on by itself."""
    await cluster.registry.create(NODES, Node(metadata=ObjectMeta(name="pi-1")))
    await kubectl.ok("apply", "-f", "-", stdin=DEPLOYMENT)
    await kubectl.ok("rollout", "status", "deployment/web", "--timeout=30s")
    for pod in cluster.registry.list(PODS):
        await cluster.registry.bind(pod, "pi-1")
    await kubectl.ok("create", "pdb", "web", "--selector=app=web", "--min-available=100%")
    await kubectl.ok("wait", "pdb/web", "--for=jsonpath={.status.expectedPods}=2", "--timeout=30s")
    row = (await kubectl.ok("get", "pdb", "--no-headers")).out.split()
    assert row[:4] == ["web", "100%", "N/A", "0"]
    draining = asyncio.create_task(kubectl("drain", "pi-1", "--timeout=120s"))
    await asyncio.sleep(3)
    assert not draining.done()
    assert len(cluster.registry.list(PODS)) == 2
    await kubectl.ok("patch", "pdb", "web", "-p", '{"spec": {"minAvailable": 0}}')
    drained = await draining
    assert drained.code == 0, drained.err
    assert "Cannot evict pod as it would violate the pod's disruption budget." in drained.err
    assert "will retry after 5s" in drained.err
    assert "drained" in drained.out
    described = (await kubectl.ok("describe", "pdb", "web")).out
    assert re.search(r"Min available: +0", described)


async def test_a_cron_job(kubectl: Kubectl, cluster: Cluster) -> None:
    """``create cronjob``, ``create job --from``, and what ``get`` and ``describe`` make of them."""
    await kubectl.ok("create", "cronjob", "tick", "--image=busybox", "--schedule=0 3 * * *")
    spec = stored(cluster, "cronjobs.batch", "tick")["spec"]
    assert (spec["schedule"], spec["concurrencyPolicy"]) == ("0 3 * * *", "Allow")
    await kubectl.ok("create", "job", "now", "--from=cronjob/tick")
    job = stored(cluster, "jobs.batch", "now")
    assert job["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
    assert job["metadata"]["annotations"] == {"cronjob.kubernetes.io/instantiate": "manual"}
    await eventually(lambda: any(pod.metadata.name.startswith("now-") for pod in cluster.registry.list(PODS)))
    line = (await kubectl.ok("get", "cj", "--no-headers")).out
    assert re.match(r"tick +0 3 \* \* \* +<none> +False +0 +<none> ", line)
    described = (await kubectl.ok("describe", "cronjob", "tick")).out
    for text in ("Concurrency Policy:            Allow", "Successful Job History Limit:  3"):
        assert text in described
    refused = await kubectl("create", "cronjob", "bad", "--image=busybox", "--schedule=TZ=UTC 0 3 * * *")
    assert "cannot use TZ or CRON_TZ in schedule, use timeZone field instead" in refused.err
    await kubectl.ok("delete", "cronjob", "tick")
    await eventually(lambda: not cluster.stored("jobs.batch", "now"))


async def test_setting_environment_and_resources(newest: Kubectl, cluster: Cluster) -> None:
    """``set env`` and ``set resources`` change the template, and with it the pods."""
    await newest.ok("apply", "-f", "-", stdin=DEPLOYMENT)
    await newest.ok("set", "env", "deployment/web", "COLOR=green", "SIZE-")
    await newest.ok("set", "resources", "deployment/web", "--limits=cpu=200m", "--requests=cpu=100m")
    await newest.ok("rollout", "status", "deployment/web", "--timeout=30s")
    listed = (await newest.ok("set", "env", "deployment/web", "--list")).out
    assert "COLOR=green" in listed
    [container] = stored(cluster, "deployments.apps", "web")["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == {"limits": {"cpu": "200m"}, "requests": {"cpu": "100m"}}
    newest_pods = [p for p in cluster.registry.list(PODS) if p.spec.containers[0].env]
    assert [p.spec.containers[0].env[0].value for p in newest_pods] == ["green", "green"]


async def test_create_job(kubectl: Kubectl, cluster: Cluster) -> None:
    """Without a manifest; its pod gets what stands after the dashes as its command."""
    await kubectl.ok("create", "job", "once", "--image=busybox", "--", "date", "-u")
    await eventually(lambda: bool(cluster.registry.list(PODS)))
    [pod] = cluster.registry.list(PODS)
    assert pod.spec.containers[0].command == ["date", "-u"]
