"""A cluster at rest makes no writes, whatever broken things it holds; events count as writes.

What Kubernetes tries again and again, with back-off, may write a little, for ever: that is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from edgeorch.api.apps.resources import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS
from edgeorch.api.autoscaling.resources import HORIZONTAL_POD_AUTOSCALERS
from edgeorch.api.batch.resources import CRON_JOBS, JOBS
from edgeorch.api.core.resources import (
    CONFIG_MAPS,
    EVENTS,
    NAMESPACES,
    PODS,
    REPLICATION_CONTROLLERS,
    RESOURCE_QUOTAS,
)
from edgeorch.api.meta import DeleteOptions
from edgeorch.api.policy.resources import POD_DISRUPTION_BUDGETS
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import Invalid
from edgeorch_server.registry.base import WriteOptions
from tests.fakes.plane import NEVER_READY, Plane
from tests.fakes.workloads import template, workload

pytestmark = pytest.mark.looptime(noop_cycles=0)
"""Nothing here happens outside the loop: there is no need to wait for it before each step of the clock."""

MINUTE = 60
SETTLED = 90 * MINUTE
"""By then all has been told that there is to tell, and events have expired, an hour after the last."""
WATCHED = 60 * MINUTE

MOST_INT32, MOST_INT64 = 2**31 - 1, 2**63 - 1

Make = Callable[[Plane], Awaitable[None]]


def of(name: str, *args: Any, image: str = "nginx:1", **spec: Any) -> dict[str, Any]:
    """Make the spec of a workload with a label of its own."""
    pods = template(image, app=name)
    pods["spec"] |= spec.pop("pod", {})
    return workload(*args, **{"selector": {"matchLabels": {"app": name}}, "template": pods, **spec})


def job(**spec: Any) -> dict[str, Any]:
    pods = template()
    pods["spec"] |= {"restartPolicy": "Never", **spec.pop("pod", {})}
    return {"template": pods, **spec}


async def circular_owners(plane: Plane) -> None:
    """Two that own each other, and one that owns itself."""
    made = {name: await plane.create(CONFIG_MAPS, f"circle-{name}") for name in "abc"}
    for owner, dependent in (("a", "b"), ("b", "a"), ("c", "c")):
        meta = made[owner].metadata
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": meta.name, "uid": meta.uid}
        blocking = {**reference, "blockOwnerDeletion": True}
        name = f"circle-{dependent}"
        await plane.patch(CONFIG_MAPS, name, metadata={"ownerReferences": [blocking]})


async def circular_owners_that_go(plane: Plane) -> None:
    """Delete them so that each waits for the other."""
    await circular_owners(plane)
    for name in ("circle-a", "circle-c"):
        await plane.registry.delete(CONFIG_MAPS, "default", name, DeleteOptions(propagationPolicy="Foreground"))


async def a_day_that_never_comes(plane: Plane) -> None:
    spec = {"schedule": "0 0 31 2 *", "jobTemplate": {"spec": job()}}
    await plane.create(CRON_JOBS, "never", spec=spec)


async def a_budget_that_can_never_be_met(plane: Plane) -> None:
    """More than there will ever be, of pods that nobody manages, and one without any pods."""
    await plane.create(PODS, "alone", metadata={"labels": {"app": "alone"}}, spec=template()["spec"])
    for name, spec in (
        ("many", {"minAvailable": 100, "selector": {"matchLabels": {"app": "web"}}}),
        ("unmanaged", {"maxUnavailable": "10%", "selector": {"matchLabels": {"app": "alone"}}}),
        ("no-pods", {"minAvailable": 1, "selector": {"matchLabels": {"app": "nobody"}}}),
        ("all", {"maxUnavailable": 0, "selector": {}}),
    ):
        await plane.create(POD_DISRUPTION_BUDGETS, name, spec=spec)


async def autoscalers_in_trouble(plane: Plane) -> None:
    """Without a target, without metrics, and two for one target."""
    for name, kind, target in (
        ("no-target", "Deployment", "nobody"),
        ("no-kind", "Nonsense", "web"),
        ("no-metrics", "Deployment", "web"),
        ("twin", "Deployment", "web"),
    ):
        reference = {"apiVersion": "apps/v1", "kind": kind, "name": target}
        await plane.create(
            HORIZONTAL_POD_AUTOSCALERS, name, spec={"scaleTargetRef": reference, "maxReplicas": 3}
        )


async def waiting_for_claims(plane: Plane) -> None:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    spec = of("db", 2, serviceName="db", volumeClaimTemplates=[claim])
    await plane.create(STATEFUL_SETS, "db", spec=spec)


async def pods_that_never_fit(plane: Plane) -> None:
    """Make a Job and a Deployment for a node that there is not, and others that ask for too much."""
    nowhere = {"nodeSelector": {"disk": "none"}}
    await plane.create(JOBS, "nowhere", spec=job(pod=nowhere))
    await plane.create(DEPLOYMENTS, "nowhere", spec=of("nowhere", 2, pod=nowhere))
    huge = {"containers": [{"name": "c", "image": "c", "resources": {"requests": {"cpu": "1000"}}}]}
    await plane.create(JOBS, "huge", spec=job(pod=huge))
    await plane.create(PODS, "huge-pod", spec=huge)


async def a_namespace_that_is_stuck(plane: Plane) -> None:
    """Something in it has a finalizer that nobody takes off."""
    await plane.create(NAMESPACES, "stuck")
    body = {"metadata": {"name": "kept", "finalizers": ["example.com/never"]}}
    await plane.registry.create_entry(CONFIG_MAPS, "stuck", body, WriteOptions())
    await plane.registry.create_entry(
        DEPLOYMENTS, "stuck", {"metadata": {"name": "web"}, "spec": of("web", 1)}, WriteOptions()
    )
    await plane.registry.delete(NAMESPACES, "", "stuck", DeleteOptions())


async def no_fitting_node(plane: Plane) -> None:
    """DaemonSets: for no node, and for nodes that refuse their pod."""
    await plane.create(DAEMON_SETS, "nowhere", spec=of("d-nowhere", pod={"nodeSelector": {"disk": "none"}}))
    huge = {"containers": [{"name": "c", "image": "c", "resources": {"requests": {"cpu": "1000"}}}]}
    await plane.create(DAEMON_SETS, "huge", spec=of("d-huge", pod=huge))


async def rollouts_that_are_stuck(plane: Plane) -> None:
    """Of a Deployment, a DaemonSet and a StatefulSet; the first two should go back and cannot."""
    asked = {"annotations": {"edgeorch.io/auto-rollback": "true"}}
    await plane.create(DEPLOYMENTS, "stuck", metadata=asked, spec=of("s-d", 2, image=NEVER_READY))
    await plane.create(DAEMON_SETS, "stuck", metadata=asked, spec=of("s-ds", image=NEVER_READY))
    await plane.create(STATEFUL_SETS, "stuck", spec=of("s-ss", 2, image=NEVER_READY, serviceName="s"))


async def absurd_numbers(plane: Plane) -> None:
    """Write the largest there are, wherever one may stand."""
    await plane.create(
        DEPLOYMENTS,
        "absurd",
        spec=of(
            "absurd",
            1,
            minReadySeconds=MOST_INT32 - 1,
            progressDeadlineSeconds=MOST_INT32,
            revisionHistoryLimit=MOST_INT32,
            strategy={"rollingUpdate": {"maxSurge": MOST_INT32, "maxUnavailable": "100%"}},
        ),
    )
    await plane.create(DAEMON_SETS, "absurd", spec=of("a-ds", minReadySeconds=MOST_INT32))
    await plane.create(
        STATEFUL_SETS,
        "absurd",
        spec=of(
            "a-ss",
            1,
            serviceName="a",
            minReadySeconds=MOST_INT32,
            ordinals={"start": MOST_INT32 - 1},
            updateStrategy={"rollingUpdate": {"partition": MOST_INT32}},
        ),
    )
    await plane.create(
        JOBS,
        "absurd",
        spec=job(
            activeDeadlineSeconds=MOST_INT64,
            backoffLimit=MOST_INT32,
            ttlSecondsAfterFinished=MOST_INT32,
            completions=MOST_INT32,
            parallelism=1,
        ),
    )
    cron = {
        "schedule": "@yearly",
        "startingDeadlineSeconds": MOST_INT64,
        "successfulJobsHistoryLimit": MOST_INT32,
        "jobTemplate": {"spec": job()},
    }
    await plane.create(CRON_JOBS, "absurd", spec=cron)
    toleration = {
        "key": "k",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": MOST_INT64,
    }
    spec = {**template()["spec"], "tolerations": [toleration], "terminationGracePeriodSeconds": MOST_INT64}
    await plane.create(PODS, "absurd", spec=spec)
    await plane.create(
        POD_DISRUPTION_BUDGETS,
        "absurd",
        spec={"minAvailable": MOST_INT32, "selector": {"matchLabels": {"app": "absurd"}}},
    )
    quantity = "9" * 18 + "E"
    await plane.create(RESOURCE_QUOTAS, "absurd", spec={"hard": {"count/configmaps": quantity}})


BROKEN: dict[str, Make] = {
    "circular owners": circular_owners,
    "circular owners that go": circular_owners_that_go,
    "a day that never comes": a_day_that_never_comes,
    "budgets that can never be met": a_budget_that_can_never_be_met,
    "autoscalers in trouble": autoscalers_in_trouble,
    "a StatefulSet waiting for claims": waiting_for_claims,
    "pods that never fit": pods_that_never_fit,
    "a stuck namespace": a_namespace_that_is_stuck,
    "DaemonSets without a fitting node": no_fitting_node,
    "stuck rollouts": rollouts_that_are_stuck,
    "absurd numbers": absurd_numbers,
}


async def begin() -> Plane:
    """Open a cluster with something healthy in it."""
    plane = await Plane().open()
    await plane.create(DEPLOYMENTS, "web", spec=workload(2))
    return plane


class Writes:
    """Notes what is written."""

    def __init__(self, plane: Plane) -> None:
        self.plane, self.since = plane, plane.store.revision

    def __str__(self) -> str:
        found = [
            f"{info.plural} {entry.namespace}/{entry.name}"
            for info in self.plane.registry.table
            for entry in self.plane._entries(info)
            if entry.revision > self.since
        ]
        told = {event.reason + ": " + event.message for event in self.plane.registry.list(EVENTS)}
        return f"{len(self)} writes, among them {found}; events: {told}"

    def __len__(self) -> int:
        return self.plane.store.revision - self.since


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_broken_makes_no_writes(make: Make) -> None:
    """Bad input leads to Kubernetes' condition or event, and then to rest."""
    plane = await begin()
    await make(plane)
    async with plane.running():
        await asyncio.sleep(SETTLED)
        writes = Writes(plane)
        await asyncio.sleep(WATCHED)
        assert not len(writes), str(writes)


async def test_all_of_it_together_makes_no_writes() -> None:
    """One broken thing does not keep another awake."""
    plane = await begin()
    for make in BROKEN.values():
        if make is not circular_owners:  # those that go begin with the same
            await make(plane)
    async with plane.running():
        await asyncio.sleep(SETTLED)
        writes = Writes(plane)
        await asyncio.sleep(WATCHED)
        assert not len(writes), str(writes)
        # It is not asleep either: what is new is dealt with.
        await plane.create(DEPLOYMENTS, "late", spec=of("late", 1))
        await asyncio.sleep(60)
        assert plane.get(DEPLOYMENTS, "late").status.availableReplicas == 1


MAKE_PODS = pytest.mark.parametrize(
    ("resource", "spec"),
    [
        pytest.param(DEPLOYMENTS, of("over", 3), id="Deployment"),
        pytest.param(REPLICA_SETS, of("over", 3), id="ReplicaSet"),
        pytest.param(
            REPLICATION_CONTROLLERS, of("over", 3) | {"selector": {"app": "over"}}, id="ReplicationController"
        ),
        pytest.param(DAEMON_SETS, of("over"), id="DaemonSet"),
        pytest.param(STATEFUL_SETS, of("over", 3, serviceName="o"), id="StatefulSet"),
        pytest.param(JOBS, job(parallelism=3, completions=3), id="Job"),
    ],
)


@MAKE_PODS
async def test_what_a_quota_refuses_is_tried_ever_less(
    resource: ResourceInfo[Any], spec: dict[str, Any]
) -> None:
    """Room that nothing tells of may be there again: tried once in five minutes, told once."""
    plane = await begin()
    await plane.create(RESOURCE_QUOTAS, "none", spec={"hard": {"pods": "0"}})
    await plane.create(resource, "over", spec=spec)
    async with plane.running():
        await asyncio.sleep(SETTLED)
        writes = Writes(plane)
        await asyncio.sleep(WATCHED)
        assert len(writes) <= 2 * WATCHED // 300, str(writes)
        assert len([event for event in plane.all(EVENTS) if event.involvedObject.name.startswith("over")]) <= 30


async def delete_the_quota(plane: Plane) -> None:
    await plane.registry.delete(RESOURCE_QUOTAS, "default", "none", DeleteOptions())


async def raise_the_quota(plane: Plane) -> None:
    await plane.patch(RESOURCE_QUOTAS, "none", spec={"hard": {"pods": "9"}})


async def limit_something_else(plane: Plane) -> None:
    await plane.patch(RESOURCE_QUOTAS, "none", spec={"hard": {"pods": None, "secrets": "9"}})


@MAKE_PODS
@pytest.mark.parametrize("relieve", [delete_the_quota, raise_the_quota, limit_something_else])
async def test_a_quota_with_room_ends_the_wait(
    resource: ResourceInfo[Any], spec: dict[str, Any], relieve: Callable[[Plane], Awaitable[None]]
) -> None:
    """Nobody waits minutes for a limit that has been lifted."""
    plane = await begin()
    await plane.create(RESOURCE_QUOTAS, "none", spec={"hard": {"pods": "0"}})
    await plane.create(resource, "over", spec=spec)
    async with plane.running():
        await asyncio.sleep(SETTLED)
        assert not plane.pods()
        await relieve(plane)
        await asyncio.sleep(1)
        assert plane.pods()


async def test_a_quota_that_others_leave_ends_the_wait() -> None:
    """What one workload gives up, another gets."""
    plane = await begin()
    await plane.create(RESOURCE_QUOTAS, "few", spec={"hard": {"pods": "2"}})
    await plane.create(DEPLOYMENTS, "first", spec=of("first", 2))
    async with plane.running():
        await asyncio.sleep(SETTLED)
        await plane.create(DEPLOYMENTS, "second", spec=of("second", 2))
        await asyncio.sleep(SETTLED)
        assert len(plane.pods(app="first")) == len(plane.pods()) == 2
        await plane.patch(DEPLOYMENTS, "first", spec={"replicas": 1})
        await asyncio.sleep(60)
        assert len(plane.pods(app="first")) == 1
        assert len(plane.pods()) == 2


async def test_a_namespace_that_became_less_strict_ends_the_wait() -> None:
    """Which pods are secure enough is said by labels of the namespace."""
    plane = await begin()
    strict = {"pod-security.kubernetes.io/enforce": "restricted"}
    await plane.patch(NAMESPACES, "default", metadata={"labels": strict})
    await plane.create(DEPLOYMENTS, "over", spec=of("over", 1))
    async with plane.running():
        await asyncio.sleep(SETTLED)
        assert not plane.pods()
        await plane.patch(NAMESPACES, "default", metadata={"labels": dict.fromkeys(strict)})
        await asyncio.sleep(1)
        assert plane.pods()


@pytest.mark.parametrize(
    ("resource", "spec", "why"),
    [
        pytest.param(
            DEPLOYMENTS,
            of("x", 1, selector={"matchLabels": {"app": "other"}}),
            "`selector` does not match template `labels`",
            id="a selector that does not match",
        ),
        pytest.param(DEPLOYMENTS, of("x", -1), "must be greater than or equal to 0", id="negative replicas"),
        pytest.param(
            JOBS, job(backoffLimit=-1), "must be greater than or equal to 0", id="a negative back-off limit"
        ),
        pytest.param(
            CRON_JOBS,
            {"schedule": "every now and then", "jobTemplate": {"spec": job()}},
            "Invalid value",
            id="a nonsense schedule",
        ),
        pytest.param(
            POD_DISRUPTION_BUDGETS,
            {"minAvailable": 1, "maxUnavailable": 1, "selector": {}},
            "cannot be both set",
            id="a budget that contradicts itself",
        ),
        pytest.param(
            HORIZONTAL_POD_AUTOSCALERS,
            {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 5, "maxReplicas": 1},
            "must be greater than or equal to `minReplicas`",
            id="an autoscaler with less than nothing to decide",
        ),
    ],
)
async def test_what_cannot_be_is_refused(resource: ResourceInfo[Any], spec: dict[str, Any], why: str) -> None:
    """Kubernetes' validation keeps the rest of the bad input out of the store."""
    plane = await begin()
    before = plane.store.revision
    with pytest.raises(Invalid, match=why):
        await plane.create(resource, "x", spec=spec)
    assert plane.store.revision == before


@pytest.mark.parametrize(
    ("resource", "spec", "change", "why"),
    [
        pytest.param(
            DEPLOYMENTS,
            of("x", 0),
            {"selector": {"matchLabels": {"app": "other"}}},
            "spec.selector: .*field is immutable",
            id="a Deployment's selector",
        ),
        pytest.param(
            DAEMON_SETS,
            of("x"),
            {"selector": {"matchLabels": {"app": "other"}}},
            "spec.selector: .*field is immutable",
            id="a DaemonSet's selector",
        ),
        pytest.param(
            STATEFUL_SETS,
            of("x", 0, serviceName="x"),
            {"serviceName": "other"},
            "spec: Forbidden: updates to statefulset spec for fields other than",
            id="a StatefulSet's Service",
        ),
        pytest.param(
            JOBS,
            job(),
            {"template": {"spec": {"containers": [{"name": "other", "image": "other"}]}}},
            "spec.template: .*field is immutable",
            id="a Job's template",
        ),
    ],
)
async def test_immutable_fields_stay_as_they_are(
    resource: ResourceInfo[Any], spec: dict[str, Any], change: dict[str, Any], why: str
) -> None:
    """What cannot be changed is refused, and nothing is written: pods would be left behind."""
    plane = await begin()
    await plane.create(resource, "x", spec=spec)
    before = plane.store.revision
    with pytest.raises(Invalid, match=why):
        await plane.patch(resource, "x", spec=change)
    assert plane.store.revision == before
