"""What kubectl makes and changes without a manifest, down to containers: each command once, and how its objects read."""

from __future__ import annotations

import re

import pytest

from edgeorch.api.quantity import Amount
from tests.lab.cluster import Cluster
from tests.lab.kubectl import Kubectl
from tests.lab.manifests import FOR_EVER, deployment, shell, workload
from tests.lab.podman import BUSYBOX
from tests.lab.waiting import wait_until
from tests.lab.workloads import containers, rolled_out

pytestmark = [pytest.mark.podman, pytest.mark.mosquitto, pytest.mark.kubectl, pytest.mark.timeout(600)]

OTHER = "localhost/busybox:other"


def assert_reads(kubectl: Kubectl, *words: str, like: str) -> None:
    """Compare what a command prints, line by line: each pattern matches one of the lines after the one before."""
    lines = iter(kubectl(*words).lines)
    for pattern in like.strip().splitlines():
        assert any(re.fullmatch(pattern.strip(), line.strip()) for line in lines), f"{words}: no {pattern!r}"


def test_a_deployment_by_commands(cluster: Cluster, kubectl: Kubectl) -> None:
    """``create``, ``rollout pause``, ``set image|resources``, ``rollout resume``: one change of containers for all of it."""
    cluster.podman("pi", "tag", BUSYBOX, OTHER)
    kubectl("create", "deployment", "web", f"--image={BUSYBOX}", "--", "sh", "-c", FOR_EVER)
    rolled_out(kubectl, "deployment/web")
    first = containers(cluster, kubectl)
    kubectl("rollout", "pause", "deployment/web")
    kubectl("set", "image", "deployment/web", f"busybox={OTHER}")
    kubectl("set", "resources", "deployment/web", "--limits=memory=40Mi", "--requests=cpu=10m")
    kubectl("wait", "deployment/web", "--for=jsonpath={.status.observedGeneration}=4", "--timeout=30s")
    assert containers(cluster, kubectl) == first
    assert len(kubectl("get", "replicasets").rows) == 1
    kubectl("rollout", "resume", "deployment/web")
    rolled_out(kubectl, "deployment/web")
    wait_until(lambda: len(containers(cluster, kubectl)) == 1, "the old container to end")
    second = containers(cluster, kubectl)
    assert second.keys().isdisjoint(first)
    assert len(kubectl("get", "replicasets").rows) == 2
    [inspected] = (item for item in cluster.containers("pi").values() if item["Id"] in second.values())
    assert inspected["Image"] == OTHER
    assert_reads(
        kubectl,
        "describe",
        "deployment/web",
        like=rf"""
        Name: +web
        Namespace: +{kubectl.namespace}
        Labels: +app=web
        Annotations: +deployment.kubernetes.io/revision: 2
        Selector: +app=web
        Replicas: +1 desired \| 1 updated \| 1 total \| 1 available \| 0 unavailable
        StrategyType: +RollingUpdate
        MinReadySeconds: +0
        RollingUpdateStrategy: +25% max unavailable, 25% max surge
        Pod Template:
        Image: +{OTHER}
        memory: +40Mi
        cpu: +10m
        Available +True +MinimumReplicasAvailable
        Progressing +True +NewReplicaSetAvailable
        OldReplicaSets: +web-[a-z0-9]+ \(0/0 replicas created\)
        NewReplicaSet: +web-[a-z0-9]+ \(1/1 replicas created\)
        Normal +ScalingReplicaSet .* Scaled up replica set web-[a-z0-9]+ (from 0 )?to 1
        """,
    )
    assert_reads(
        kubectl,
        "get",
        "all",
        like=r"""
        NAME +READY +STATUS +RESTARTS +AGE
        pod/web-[a-z0-9]+-[a-z0-9]{5} +1/1 +Running +0 +\S+
        NAME +READY +UP-TO-DATE +AVAILABLE +AGE
        deployment.apps/web +1/1 +1 +1 +\S+
        NAME +DESIRED +CURRENT +READY +AGE
        replicaset.apps/web-[a-z0-9]+ +. +. +. +\S+
        replicaset.apps/web-[a-z0-9]+ +. +. +. +\S+
        """,
    )


def test_jobs(kubectl: Kubectl) -> None:
    """``create job``, ``create cronjob``, ``create job --from``: real exit codes decide."""
    kubectl("create", "job", "good", f"--image={BUSYBOX}", "--", "echo", "done")
    kubectl("create", "cronjob", "nightly", f"--image={BUSYBOX}", "--schedule=0 3 * * *", "--", "echo", "ran")
    kubectl("create", "job", "now", "--from=cronjob/nightly")
    fails = {"containers": [shell("exit 3")], "restartPolicy": "Never", "terminationGracePeriodSeconds": 1}
    kubectl.apply(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "bad"},
            "spec": {"backoffLimit": 0, "template": {"spec": fails}},
        }
    )
    kubectl("wait", "--for=condition=Complete", "job/good", "job/now", "--timeout=90s", timeout=100)
    kubectl("wait", "--for=condition=Failed", "job/bad", "--timeout=90s", timeout=100)
    assert kubectl("logs", "job/good").stdout == "done\n"
    assert kubectl("logs", "job/now").stdout == "ran\n"
    assert {row[0]: row[1:3] for row in kubectl("get", "jobs").rows} == {
        "bad": ["Failed", "0/1"],
        "good": ["Complete", "1/1"],
        "now": ["Complete", "1/1"],
    }
    assert_reads(
        kubectl,
        "describe",
        "job/good",
        like=r"""
        Name: +good
        Selector: +batch.kubernetes.io/controller-uid=[0-9a-f-]{36}
        Parallelism: +1
        Completions: +1
        Completion Mode: +NonIndexed
        Duration: +\S+
        Pods Statuses: +0 Active \(0 Ready\) / 1 Succeeded / 0 Failed
        Normal +SuccessfulCreate .* Created pod: good-[a-z0-9]{5}
        Normal +Completed .* Job completed
        """,
    )
    assert_reads(
        kubectl,
        "describe",
        "job/bad",
        like=r"""
        Pods Statuses: +0 Active \(0 Ready\) / 0 Succeeded / 1 Failed
        Warning +BackoffLimitExceeded .* Job has reached the specified backoff limit
        """,
    )
    assert_reads(
        kubectl,
        "describe",
        "cronjob/nightly",
        like=r"""
        Schedule: +0 3 \* \* \*
        Concurrency Policy: +Allow
        Suspend: +False
        Last Schedule Time: +<unset>
        Active Jobs: +<none>
        """,
    )
    assert kubectl("get", "pods", "--field-selector=status.phase=Failed").rows[0][2] == "Error"


def test_a_stateful_set(cluster: Cluster, kubectl: Kubectl) -> None:
    """Pods begin in order and end in reverse, and each has its name for ever, whatever happens to it."""
    kubectl.apply(workload("StatefulSet", "db", replicas=3, serviceName="db"))
    rolled_out(kubectl, "statefulset/db")
    started = "jsonpath={range .items[*]}{.status.startTime} {.metadata.name}{'\\n'}{end}"
    births = sorted(kubectl("get", "pods", "-o", started).lines)
    assert [line.split()[1] for line in births] == ["db-0", "db-1", "db-2"]
    first = containers(cluster, kubectl)
    assert set(first) == {"db-0", "db-1", "db-2"}

    kubectl("delete", "pod", "db-1")
    rolled_out(kubectl, "statefulset/db")
    wait_until(lambda: len(containers(cluster, kubectl)) == 3, "its successor")
    second = containers(cluster, kubectl)
    assert {pod for pod in first if first[pod] != second[pod]} == {"db-1"}

    renewed = changes(kubectl, ("rollout", "restart", "statefulset/db"), until=("ADDED", 3))
    assert renewed == [f"{word} db-{ordinal}" for ordinal in (2, 1, 0) for word in ("DELETED", "ADDED")]
    rolled_out(kubectl, "statefulset/db")
    ended = changes(kubectl, ("scale", "statefulset/db", "--replicas=1"), until=("DELETED", 2))
    assert ended == ["DELETED db-2", "DELETED db-1"]
    assert set(containers(cluster, kubectl)) == {"db-0"}
    assert_reads(
        kubectl,
        "describe",
        "statefulset/db",
        like=r"""
        Name: +db
        Selector: +app=db
        Replicas: +1 desired \| 1 total
        Update Strategy: +RollingUpdate
        Partition: +0
        Pods Status: +1 Running / 0 Waiting / 0 Succeeded / 0 Failed
        Normal +SuccessfulCreate .* create Pod db-0 in StatefulSet db successful
        Normal +SuccessfulDelete .* delete Pod db-1 in StatefulSet db successful
        """,
    )


def changes(kubectl: Kubectl, words: tuple[str, ...], until: tuple[str, int]) -> list[str]:
    """Run a command, and give which pods came and went, up to the so-manieth that did what ``until`` says."""
    word, count = until
    present = len(kubectl("get", "pods").rows)
    told: list[str] = []
    with kubectl.start("get", "pods", "--watch", "--output-watch-events", "--no-headers") as watching:
        assert watching.stdout is not None
        for _ in range(present):
            watching.stdout.readline()
        kubectl(*words)
        while sum(line.startswith(word) for line in told) < count:  # the test's time-out ends it otherwise
            event, pod, *_ = watching.stdout.readline().split()
            told += [f"{event} {pod}"] if event != "MODIFIED" else []
        watching.kill()
    return told


def test_a_quota_and_a_priority(cluster: Cluster, kubectl: Kubectl) -> None:
    """``create quota`` stops a Deployment short, which says so; ``create priorityclass`` lets a pod take another's place."""
    kubectl("create", "quota", "small", "--hard=pods=2")
    urgent = f"urgent-{kubectl.namespace}"
    kubectl("create", "priorityclass", urgent, "--value=1000")
    cpu = kubectl("get", "node", "pi", "-o", "jsonpath={.status.allocatable.cpu}").stdout
    most = {"requests": {"cpu": f"{Amount.parse(cpu).milli_value() * 3 // 5}m"}}
    modest, greedy = deployment("modest", 3), deployment("greedy", 1)
    kubectl.apply(modest)
    wait_until(lambda: len(containers(cluster, kubectl)) == 2, "as many pods as may be")
    assert_reads(
        kubectl,
        "describe",
        "quota/small",
        like=r"""
        Resource +Used +Hard
        pods +2 +2
        """,
    )
    [message] = {
        condition["message"]
        for condition in kubectl.json("get", "deployment", "modest")["status"]["conditions"]
        if condition["type"] == "ReplicaFailure"
    }
    assert "is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2" in message
    kubectl("delete", "quota", "small")
    rolled_out(kubectl, "deployment/modest")

    greedy["spec"]["template"]["spec"]["containers"] = [shell(FOR_EVER, resources=most)]
    kubectl.apply(greedy)
    rolled_out(kubectl, "deployment/greedy")
    calm = set(containers(cluster, kubectl))
    pressing = deployment("pressing", 1)
    pressing["spec"]["template"]["spec"] |= {
        "containers": [shell(FOR_EVER, resources=most)],
        "priorityClassName": urgent,
    }
    kubectl.apply(pressing)
    rolled_out(kubectl, "deployment/pressing")
    now = set(containers(cluster, kubectl))
    assert {pod.split("-")[0] for pod in calm - now} == {"greedy"}
    assert kubectl("get", "deployment", "greedy").rows[0][1] == "0/1"
    reasons = {event["reason"]: event["message"] for event in kubectl.json("get", "events")["items"]}
    assert "Preempted" in reasons
    kubectl("delete", "priorityclass", urgent)
