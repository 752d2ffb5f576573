"""ReplicaSets: one test per clause of Kubernetes' documentation."""

import asyncio
from typing import Any

import pytest

from edgeorch.api.apps.replica_set import ReplicaSet
from edgeorch.api.apps.resources import REPLICA_SETS
from edgeorch.api.core.resources import CONFIG_MAPS, NAMESPACES, PODS
from edgeorch.api.meta import DeleteOptions
from edgeorch.errors import Forbidden
from edgeorch_server.controllers.ownership import controller_reference
from edgeorch_server.controllers.pod_facts import PodFacts
from edgeorch_server.controllers.replica_plan import first_to_go
from edgeorch_server.controllers.runner import Key, Result
from edgeorch_server.controllers.selecting import Selecting
from edgeorch_server.registry.base import WriteOptions
from edgeorch_server.workqueue import MAX_DELAY
from tests.fakes.workloads import EPOCH, Workshop, template, workload

pytestmark = pytest.mark.looptime


@pytest.fixture
async def shop() -> Workshop:
    return await Workshop().open()


async def replica_set(shop: Workshop, replicas: int = 3, **spec: Any) -> ReplicaSet:
    made: ReplicaSet = await shop.create(REPLICA_SETS, "web", spec=workload(replicas, **spec))
    return made


def status(shop: Workshop, name: str = "web") -> dict[str, Any]:
    found: dict[str, Any] = shop.get(REPLICA_SETS, name).status.to_dict()
    return found


async def test_it_makes_its_pods(shop: Workshop) -> None:
    """ReplicaSet, "How a ReplicaSet works": it creates pods from its template, which it then owns."""
    owner = await replica_set(shop)
    await shop.settle()
    pods = shop.pods(app="web")
    assert len(pods) == 3
    assert {pod.metadata.ownerReferences[0].uid for pod in pods} == {owner.metadata.uid}
    assert all(pod.metadata.name.startswith("web-") for pod in pods)
    assert shop.events("web") == [("SuccessfulCreate", f"Created pod: {pod.metadata.name}") for pod in pods]


async def test_the_status_counts_the_pods(shop: Workshop) -> None:
    """Replicas, ready and available ones, and the generation that this is about."""
    await replica_set(shop)
    await shop.settle()
    assert status(shop) == {"replicas": 3, "fullyLabeledReplicas": 3, "observedGeneration": 1}
    await shop.report(shop.pods()[0])
    await shop.settle()
    assert status(shop) == {
        "replicas": 3,
        "fullyLabeledReplicas": 3,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "observedGeneration": 1,
    }


async def test_a_pod_that_ends_is_replaced(shop: Workshop) -> None:
    """A failed, deleted or removed pod does not count."""
    await replica_set(shop)
    await shop.settle()
    failed, removed, _ = shop.pods()
    await shop.report(failed, ready=False, phase="Failed")
    await shop.kill(removed)
    await shop.settle()
    assert len([pod for pod in shop.pods() if pod.status.phase == "Pending"]) == 3
    assert status(shop)["replicas"] == 3


async def test_scaling(shop: Workshop) -> None:
    """ReplicaSet, "Scaling a ReplicaSet": updating ``.spec.replicas`` makes or deletes pods."""
    await replica_set(shop, 1)
    await shop.settle()
    for size in (4, 2, 0):
        await shop.patch(REPLICA_SETS, "web", spec={"replicas": size})
        await shop.settle()
        assert len(shop.pods()) == size
    assert status(shop) == {"replicas": 0, "observedGeneration": 4}
    assert [reason for reason, _ in shop.events()].count("SuccessfulDelete") == 4


async def test_pods_that_never_started_go_first(shop: Workshop) -> None:
    """Pending pods are scaled down first, then those that are not ready."""
    await replica_set(shop, 4)
    await shop.settle()
    first, second, third, fourth = shop.pods()
    for number, pod in enumerate((first, second, third)):
        await shop.place(pod, f"pi-{number}")
    await shop.report(first)
    await shop.report(second, ready=False)
    await shop.report(third)
    for size, gone in ((3, fourth), (2, second)):
        await shop.patch(REPLICA_SETS, "web", spec={"replicas": size})
        await shop.settle()
        assert gone.metadata.name not in {pod.metadata.name for pod in shop.pods()}


async def test_min_ready_seconds(shop: Workshop) -> None:
    """A pod counts as available once it has been ready for ``minReadySeconds``; no event tells of that."""
    await replica_set(shop, 1, minReadySeconds=10)
    await shop.settle()
    await shop.report(shop.pods()[0])
    reconciler = shop.reconciler("replica-set")
    shop.advance(3)
    assert await reconciler.reconcile(Key("default", "web")) == Result(requeue_after=7)
    assert "availableReplicas" not in status(shop)
    shop.advance(7)
    assert await reconciler.reconcile(Key("default", "web")) == Result()
    assert status(shop)["availableReplicas"] == 1


async def test_matching_pods_are_acquired(shop: Workshop) -> None:
    """ReplicaSet, "Non-Template Pod acquisitions": too many of them, and the surplus goes at once."""
    for name in ("one", "two"):
        await shop.create(PODS, name, metadata={"labels": {"app": "web"}}, spec=template()["spec"])
    await replica_set(shop, 1)
    await shop.settle()
    assert len(shop.pods()) == 1
    assert shop.pods()[0].metadata.name in {"one", "two"}


async def test_relabelled_pods_are_released(shop: Workshop) -> None:
    """ReplicaSet, "Isolating Pods from a ReplicaSet": such pods are replaced automatically."""
    await replica_set(shop, 1)
    await shop.settle()
    [pod] = shop.pods()
    await shop.patch(PODS, pod.metadata.name, metadata={"labels": {"app": "debug"}})
    await shop.settle()
    assert len(shop.pods(app="web")) == 1
    assert shop.get(PODS, pod.metadata.name).metadata.ownerReferences == []


async def test_fully_labelled(shop: Workshop) -> None:
    """Pods with all labels of the template, which may be more than those of the selector."""
    await shop.create(PODS, "bare", metadata={"labels": {"app": "web"}}, spec=template()["spec"])
    await replica_set(shop, 2, template=template(app="web", tier="front"))
    await shop.settle()
    assert (status(shop)["replicas"], status(shop)["fullyLabeledReplicas"]) == (2, 1)


async def test_a_set_that_is_going_is_left_alone(shop: Workshop) -> None:
    """A ReplicaSet whose deletion waits for its dependents makes no pods."""
    await replica_set(shop)
    await shop.settle()
    await shop.registry.delete(REPLICA_SETS, "default", "web", DeleteOptions(propagationPolicy="Foreground"))
    await shop.kill(shop.pods()[0])
    await shop.settle()
    assert len(shop.pods()) == 2


async def test_refused_pods_are_told(shop: Workshop) -> None:
    """A condition says that no pods can be made, and goes once they can; until then nothing else is written."""
    await replica_set(shop, 2)
    await shop.patch(REPLICA_SETS, "web", spec={"template": {"spec": {"serviceAccountName": "robot"}}})
    reconciler = shop.reconciler("replica-set")
    for _ in range(2):
        with pytest.raises(Forbidden):
            await reconciler.reconcile(Key("default", "web"))
    [condition] = shop.get(REPLICA_SETS, "web").status.conditions
    assert (condition.type, condition.status, condition.reason) == ("ReplicaFailure", "True", "FailedCreate")
    assert 'serviceaccount "robot" not found' in condition.message
    [(reason, message)] = shop.events("web")
    assert (reason, message) == ("FailedCreate", f"Error creating: {condition.message}")
    revision = shop.get(REPLICA_SETS, "web").metadata.resourceVersion
    with pytest.raises(Forbidden):
        await reconciler.reconcile(Key("default", "web"))
    assert shop.get(REPLICA_SETS, "web").metadata.resourceVersion == revision
    await shop.patch(REPLICA_SETS, "web", spec={"template": {"spec": {"serviceAccountName": "default"}}})
    await shop.settle()
    assert shop.get(REPLICA_SETS, "web").status.conditions == []
    assert len(shop.pods()) == 2


async def test_a_namespace_that_is_going_is_no_failure(shop: Workshop) -> None:
    """Nothing can be made in it any more, and trying again does not help."""
    await shop.create(NAMESPACES, "shop")
    body = {"metadata": {"name": "web"}, "spec": workload(2)}
    await shop.registry.create_entry(REPLICA_SETS, "shop", body, WriteOptions())
    await shop.registry.delete(NAMESPACES, "", "shop")
    await shop.settle()
    assert await shop.reconciler("replica-set").reconcile(Key("shop", "web")) == Result()
    assert shop.registry.get(REPLICA_SETS, "shop", "web").status.conditions == []


async def test_idle_sets_write_nothing() -> None:
    """A cluster at rest, with one set in order and one whose pods are refused, stays at rest."""
    shop = await Workshop().open()
    await replica_set(shop)
    refused = workload(1, template=template(app="db"), selector={"matchLabels": {"app": "db"}})
    refused["template"]["spec"]["serviceAccountName"] = "robot"
    await shop.create(REPLICA_SETS, "db", spec=refused)
    async with shop.running():
        await asyncio.sleep(1)
        await shop.all_ready()
        await asyncio.sleep(3600)
        settled = [shop.get(REPLICA_SETS, name).metadata.resourceVersion for name in ("web", "db")]
        before = shop.store.revision
        await asyncio.sleep(3600)
        assert [shop.get(REPLICA_SETS, name).metadata.resourceVersion for name in ("web", "db")] == settled
        # One event that counts how often it was tried, every five minutes at most.
        assert shop.store.revision - before <= 3600 / MAX_DELAY


class TestWhoHears:
    """A change of a pod wakes whom it concerns."""

    async def test_an_orphan(self, shop: Workshop) -> None:
        """All sets in its namespace that would adopt it hear of a pod that nobody controls."""
        await replica_set(shop, 0)
        await shop.create(REPLICA_SETS, "other", spec=workload(0, selector={"matchLabels": {"app": "web"}}))
        await shop.create(
            REPLICA_SETS,
            "db",
            spec=workload(0, selector={"matchLabels": {"app": "db"}}, template=template(app="db")),
        )
        await shop.create(PODS, "p", metadata={"labels": {"app": "web"}}, spec=template()["spec"])
        entry = shop.registry.get_entry(PODS, "default", "p")
        selecting = Selecting(shop.registry, REPLICA_SETS)
        assert list(selecting.keys(entry)) == [Key("default", "other"), Key("default", "web")]
        assert list(selecting.keys(entry)) == [Key("default", "other"), Key("default", "web")]

    async def test_a_pod_that_is_controlled(self, shop: Workshop) -> None:
        """Only its own set hears of it."""
        await replica_set(shop, 1)
        await shop.create(REPLICA_SETS, "other", spec=workload(0))
        await shop.settle()
        entry = shop.registry.get_entry(PODS, "default", shop.pods()[0].metadata.name)
        assert list(Selecting(shop.registry, REPLICA_SETS).keys(entry)) == [Key("default", "web")]


def pod(**facts: Any) -> PodFacts:
    """Make the facts of a pod that has run on a node for an hour, but for what is said."""
    plain: dict[str, Any] = {
        "namespace": "default",
        "name": "p",
        "uid": "u",
        "revision": 1,
        "labels": {},
        "owners": (),
        "node": "pi-1",
        "phase": "Running",
        "deleted": False,
        "created": "2026-05-01T11:00:00Z",
        "ready": True,
        "ready_since": "2026-05-01T11:00:10Z",
        "restarts": 0,
        "deletion_cost": 0,
    }
    return PodFacts(**plain | facts)


@pytest.mark.parametrize(
    ("goes", "stays"),
    [
        pytest.param(pod(node=""), pod(phase="Pending", ready=False), id="unscheduled"),
        pytest.param(pod(phase="Pending", ready=False), pod(phase="Unknown", ready=False), id="pending"),
        pytest.param(pod(phase="Unknown", ready=False), pod(ready=False), id="unknown"),
        pytest.param(pod(ready=False, deletion_cost=5), pod(deletion_cost=-5), id="not ready"),
        pytest.param(pod(deletion_cost=-1), pod(node="crowded"), id="cheaper"),
        pytest.param(
            pod(node="crowded"), pod(ready_since="2026-05-01T11:59:00Z"), id="on a node with more of them"
        ),
        pytest.param(pod(ready_since="2026-05-01T11:59:00Z"), pod(restarts=9), id="ready for less time"),
        pytest.param(pod(restarts=2), pod(restarts=1, created="2026-05-01T11:59:00Z"), id="more restarts"),
        pytest.param(pod(created="2026-05-01T11:59:00Z"), pod(), id="newer"),
        pytest.param(
            pod(uid="a", created="2026-05-01T11:00:00Z"),
            pod(uid="b", created="2026-05-01T11:05:00Z"),
            id="ages of one magnitude are one",
        ),
    ],
)
def test_who_goes_first(goes: PodFacts, stays: PodFacts) -> None:
    """ReplicaSet, "Scaling a ReplicaSet": the order in which pods are scaled down."""
    related = [goes, stays, pod(node="crowded"), pod(node="crowded", phase="Failed")]
    for pods in ([goes, stays], [stays, goes]):
        assert first_to_go(pods, related, 1, EPOCH) == [goes]


async def test_siblings_of_a_deployment_count_as_neighbours(shop: Workshop) -> None:
    """While a Deployment rolls out, a node that also has pods of the other ReplicaSet is the fuller one."""
    owner = await shop.create(CONFIG_MAPS, "manager")
    reference = controller_reference(owner).to_dict()
    for name, version in (("old", "1"), ("new", "2")):
        await shop.create(
            REPLICA_SETS,
            name,
            metadata={"ownerReferences": [reference]},
            spec=workload(2, template=template(v=version), selector={"matchLabels": {"v": version}}),
        )
    await shop.settle()
    for pods in (shop.pods(v="1"), shop.pods(v="2")):
        await shop.place(pods[0], "shared")
    await shop.place(shop.pods(v="1")[1], "alone")
    await shop.place(shop.pods(v="2")[1], "elsewhere")
    await shop.all_ready()
    await shop.patch(REPLICA_SETS, "old", spec={"replicas": 1})
    await shop.settle()
    assert [pod.spec.nodeName for pod in shop.pods(v="1")] == ["alone"]
