"""Workloads on their way into the store: generations and who may write what."""

from typing import Any

import pytest

from edgeorch.api.apps.resources import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS
from edgeorch.api.core.resources import REPLICATION_CONTROLLERS
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import Invalid

SETS = pytest.mark.parametrize("resource", [DEPLOYMENTS, REPLICA_SETS], ids=lambda r: r.kind)

KINDS = pytest.mark.parametrize(
    "resource", [DEPLOYMENTS, REPLICA_SETS, REPLICATION_CONTROLLERS], ids=lambda r: r.kind
)


def body(**spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }


def made(resource: ResourceInfo[Any]) -> dict[str, Any]:
    """Make a manifest of the kind."""
    return body(selector={"app": "web"}) if resource == REPLICATION_CONTROLLERS else body()


@KINDS
async def test_a_client_sets_no_status(world: Any, resource: ResourceInfo[Any]) -> None:
    """It starts empty, and changes through its subresource only, which changes nothing else."""
    await world.create(resource, {**made(resource), "status": {"replicas": 7}})
    assert world.get(resource, "web").status.replicas == 0
    await world.patch(resource, "web", {"status": {"replicas": 7}})
    assert world.get(resource, "web").status.replicas == 0
    change = {"status": {"replicas": 7}, "spec": {"replicas": 9}}
    await world.patch(resource, "web", change, subresource="status")
    after = world.get(resource, "web")
    assert (after.status.replicas, after.spec.replicas, after.metadata.generation) == (7, 1, 1)


@KINDS
async def test_generations(world: Any, resource: ResourceInfo[Any]) -> None:
    """They count the changes of the spec; a label is none."""
    await world.create(resource, made(resource))
    await world.patch(resource, "web", {"metadata": {"labels": {"a": "b"}}})
    assert world.get(resource, "web").metadata.generation == 1
    await world.patch(resource, "web", {"spec": {"minReadySeconds": 5}})
    assert world.get(resource, "web").metadata.generation == 2


async def test_daemon_sets(world: Any) -> None:
    """They have no number of replicas, but a status that is not theirs to set, and generations."""
    await world.create(DAEMON_SETS, {**body(), "status": {"numberReady": 7}})
    assert world.get(DAEMON_SETS, "web").status.numberReady == 0
    await world.patch(DAEMON_SETS, "web", {"spec": {"minReadySeconds": 5}})
    change = {"status": {"numberReady": 7}, "spec": {"minReadySeconds": 9}}
    await world.patch(DAEMON_SETS, "web", change, subresource="status")
    after = world.get(DAEMON_SETS, "web")
    assert (after.metadata.generation, after.spec.minReadySeconds, after.status.numberReady) == (2, 5, 7)


async def test_a_deployments_annotations_are_a_generation(world: Any) -> None:
    """They are copied to its ReplicaSets, so whoever waits must know when they have been seen."""
    await world.create(DEPLOYMENTS, body())
    await world.patch(DEPLOYMENTS, "web", {"metadata": {"annotations": {"a": "b"}}})
    assert world.get(DEPLOYMENTS, "web").metadata.generation == 2
    await world.patch(DEPLOYMENTS, "web", {"metadata": {"annotations": {"a": "c"}}}, subresource="status")
    after = world.get(DEPLOYMENTS, "web")
    assert (after.metadata.generation, after.metadata.annotations) == (2, {"a": "c"})


@SETS
async def test_the_group_is_told_in_refusals(world: Any, resource: ResourceInfo[Any]) -> None:
    """``Deployment.apps "web" is invalid``: kubectl prints it so."""
    with pytest.raises(Invalid) as caught:
        await world.create(resource, body(replicas=-1))
    assert caught.value.message == (
        f'{resource.kind}.apps "web" is invalid: spec.replicas: Invalid value: -1: '
        "must be greater than or equal to 0"
    )
