"""Workloads on their way into the store: generations and who may write what."""

import dataclasses
from typing import Any

import pytest

from edgeorch.api.apps.resources import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS
from edgeorch.api.core.resources import REPLICATION_CONTROLLERS
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import BadRequest, Invalid
from edgeorch_server.registry.codec import restamp

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"

SETS = pytest.mark.parametrize("resource", [DEPLOYMENTS, REPLICA_SETS], ids=lambda r: r.kind)

KINDS = pytest.mark.parametrize(
    "resource", [DEPLOYMENTS, REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS], ids=lambda r: r.kind
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


def template_generation(world: Any) -> str | None:
    found: str | None = world.get(DAEMON_SETS, "web").metadata.annotations.get(TEMPLATE_GENERATION)
    return found


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        pytest.param({}, "1", id="none"),
        pytest.param({TEMPLATE_GENERATION: "7"}, "7", id="one to go on from"),
        pytest.param({TEMPLATE_GENERATION: "-7"}, "1", id="less than there can be"),
    ],
)
async def test_the_first_template(world: Any, given: dict[str, str], stored: str) -> None:
    """``daemonset/strategy.go``, PrepareForCreate: the generation of the template is 1 if not given."""
    await world.create(DAEMON_SETS, {**body(), "metadata": {"name": "web", "annotations": given}})
    assert template_generation(world) == stored


@pytest.mark.parametrize("given", ["", "soon", "1.5", " 1", "9" * 20])
async def test_a_generation_that_is_no_number(world: Any, given: str) -> None:
    """Kubernetes cannot convert it, which is a bad request."""
    annotations = {TEMPLATE_GENERATION: given}
    with pytest.raises(BadRequest, match="cannot be handled as a DaemonSet: strconv"):
        await world.create(DAEMON_SETS, {**body(), "metadata": {"name": "web", "annotations": annotations}})


async def test_templates_are_counted(world: Any) -> None:
    """``daemonset/strategy.go``, PrepareForUpdate: a change of the template counts, nothing else, and nobody's word."""
    await world.create(DAEMON_SETS, body())
    for annotation in ("9", "nonsense", None):
        change = {"metadata": {"annotations": {TEMPLATE_GENERATION: annotation}}}
        await world.patch(DAEMON_SETS, "web", change)
        await world.patch(DAEMON_SETS, "web", change, subresource="status")
    await world.patch(DAEMON_SETS, "web", {"spec": {"minReadySeconds": 5}})
    assert template_generation(world) == "1"
    await world.patch(DAEMON_SETS, "web", {"spec": {"template": {"metadata": {"labels": {"a": "b"}}}}})
    assert template_generation(world) == "2"
    await world.put(DAEMON_SETS, body())
    assert template_generation(world) == "3"
    await world.put(DAEMON_SETS, body())
    assert template_generation(world) == "3"


async def test_a_daemon_set_from_before_templates_were_counted(world: Any) -> None:
    """Nothing is written for the annotation alone; the first change after that is the second template."""
    await world.create(DAEMON_SETS, body())
    entry = world.store.get(DAEMON_SETS.key, "default", "web")
    before = dataclasses.replace(entry, data=entry.data.replace(f'"{TEMPLATE_GENERATION}":"1"'.encode(), b""))
    world.store.put(DAEMON_SETS.key, "default", "web", lambda revision: restamp(before, revision))
    await world.patch(DAEMON_SETS, "web", {"status": {"numberReady": 1}}, subresource="status")
    assert template_generation(world) is None
    await world.patch(DAEMON_SETS, "web", {"spec": {"template": {"metadata": {"labels": {"a": "b"}}}}})
    assert template_generation(world) == "2"


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
