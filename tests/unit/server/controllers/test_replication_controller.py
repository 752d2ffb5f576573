"""ReplicationControllers do what ReplicaSets do; here is what differs."""

import pytest

from edgeorch.api.core.resources import PODS, REPLICATION_CONTROLLERS
from edgeorch_server.controllers.replica_set import REPLICATION_CONTROLLER
from edgeorch_server.controllers.runner import Key
from tests.fakes.workloads import Workshop, template


@pytest.fixture
async def shop() -> Workshop:
    made = await Workshop().open()
    await made.create(REPLICATION_CONTROLLERS, "web", spec={"replicas": 2, "template": template()})
    return made


async def test_it_makes_its_pods(shop: Workshop) -> None:
    """ReplicationController: as many pods as wanted, which it owns, and replaces."""
    await shop.roll()
    pods = shop.pods(app="web")
    assert {pod.metadata.ownerReferences[0].kind for pod in pods} == {"ReplicationController"}
    await shop.kill(pods[0])
    await shop.roll()
    status = shop.get(REPLICATION_CONTROLLERS, "web").status.to_dict()
    assert status == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "observedGeneration": 1,
    }


async def test_its_selector_is_a_map(shop: Workshop) -> None:
    """It finds, adopts and releases pods by it, also after it has changed."""
    await shop.create(PODS, "one", metadata={"labels": {"app": "web"}}, spec=template()["spec"])
    pods = REPLICATION_CONTROLLER.sources(shop.registry)[1]
    assert list(pods.keys(shop.registry.get_entry(PODS, "default", "one"))) == [Key("default", "web")]
    await shop.settle()
    assert len(shop.pods(app="web")) == 2
    change = {"selector": {"app": "db"}, "template": template(app="db")}
    await shop.patch(REPLICATION_CONTROLLERS, "web", spec=change)
    await shop.settle()
    assert [pod.metadata.ownerReferences for pod in shop.pods(app="web")] == [[], []]
    assert len(shop.pods(app="db")) == 2


async def test_refused_pods_are_told(shop: Workshop) -> None:
    """ReplicaFailure, as of a ReplicaSet."""
    await shop.patch(
        REPLICATION_CONTROLLERS, "web", spec={"template": {"spec": {"serviceAccountName": "robot"}}}
    )
    await shop.reconcile()
    [condition] = shop.get(REPLICATION_CONTROLLERS, "web").status.conditions
    assert (condition.type, condition.reason) == ("ReplicaFailure", "FailedCreate")
