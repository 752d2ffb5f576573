"""``pods/binding`` and ``pods/eviction``."""

from typing import Any

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS, PODS
from edgeorch.errors import BadRequest, Conflict, Invalid, NotFound
from edgeorch_server.registry.base import WriteOptions


async def post(world: Any, subresource: str, body: dict[str, Any], name: str = "x", **options: Any) -> Any:
    return await world.registry.post_subresource(
        PODS, "default", name, subresource, body, WriteOptions(**options)
    )


def binding(node: str = "n1", **meta: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "x", **meta},
        "target": {"kind": "Node", "name": node},
    }


async def test_a_pod_is_bound(world: Any) -> None:
    """A binding sets the node and the PodScheduled condition; the answer is a Status."""
    await world.pod()
    assert await post(world, "binding", binding(annotations={"a": "b"})) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": 201,
    }
    pod = world.get(PODS, "x")
    assert (pod.spec.nodeName, pod.metadata.annotations) == ("n1", {"a": "b"})
    assert [c.to_dict() for c in pod.status.conditions] == [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-05-01T12:00:00Z"}
    ]
    assert pod.metadata.generation == 1


async def test_the_condition_is_replaced(world: Any) -> None:
    """What the scheduler said while the pod was unschedulable is gone once it is bound."""
    await world.pod()
    unschedulable = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1"}
    await world.patch(PODS, "x", {"status": {"conditions": [unschedulable]}}, subresource="status")
    await post(world, "binding", binding())
    (condition,) = world.get(PODS, "x").status.conditions
    assert (condition.status, condition.reason, condition.message) == ("True", "", "")


async def test_the_transition_time_moves_with_the_status_only(world: Any) -> None:
    """A condition that keeps its status keeps its time."""
    await world.pod()
    there = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    await world.patch(PODS, "x", {"status": {"conditions": [there]}}, subresource="status")
    await post(world, "binding", binding())
    assert world.get(PODS, "x").status.conditions[0].lastTransitionTime == "2026-01-01T00:00:00Z"


async def test_a_pod_is_bound_once(world: Any) -> None:
    """A bound pod cannot be bound again, not even to the same node."""
    await world.pod()
    await post(world, "binding", binding())
    with pytest.raises(Conflict) as caught:
        await post(world, "binding", binding())
    assert caught.value.message == (
        'Operation cannot be fulfilled on pods/binding "x": pod x is already assigned to node "n1"'
    )


async def test_a_pod_on_its_way_out_is_not_bound(world: Any) -> None:
    """A pod that is being deleted goes to no node any more."""
    await world.pod(finalizers=["a.b/c"])
    await world.delete(PODS, "x")
    with pytest.raises(Conflict, match=r"pod x is being deleted, cannot be assigned to a host$"):
        await post(world, "binding", binding())


async def test_a_gated_pod_is_not_bound(world: Any) -> None:
    """Scheduling gates hold for the binding too."""
    await world.pod(schedulingGates=[{"name": "a.b/wait"}])
    assert world.get(PODS, "x").status.conditions[0].reason == "SchedulingGated"
    with pytest.raises(Conflict, match=r"pod x has non-empty .spec.schedulingGates$"):
        await post(world, "binding", binding())


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ({"uid": "gone"}, "Precondition failed: UID in precondition: gone, UID in object meta: uid-2"),
        ({"resourceVersion": "1"}, "the object has been modified"),
    ],
    ids=["uid", "resourceVersion"],
)
async def test_a_binding_is_meant_for_one_pod(world: Any, meta: dict[str, Any], words: str) -> None:
    """A binding for a pod that was deleted and created anew does not bind the new one."""
    await world.pod()
    with pytest.raises(Conflict, match=words):
        await post(world, "binding", binding(**meta))
    assert world.get(PODS, "x").spec.nodeName == ""


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (binding(name="y"), BadRequest),
        (binding(namespace="other"), BadRequest),
        (binding(node=""), Invalid),
        (binding() | {"target": {"kind": "Pod", "name": "n"}}, Invalid),
        (binding() | {"target": 5}, BadRequest),
    ],
    ids=["name", "namespace", "no-node", "no-node-kind", "type"],
)
async def test_a_bad_binding(world: Any, body: dict[str, Any], error: type[Exception]) -> None:
    """What is no binding of this pod to a node binds nothing."""
    await world.pod()
    with pytest.raises(error):
        await post(world, "binding", body)
    assert world.get(PODS, "x").spec.nodeName == ""


@pytest.mark.parametrize("subresource", ["binding", "eviction"])
async def test_no_pod(world: Any, subresource: str) -> None:
    """A pod that is not there is 404."""
    with pytest.raises(NotFound, match=r'^pods "x" not found$'):
        await post(world, subresource, binding() if subresource == "binding" else {"metadata": {"name": "x"}})


async def test_kinds_without_the_subresource(world: Any) -> None:
    """Only what the resource table names can be posted to."""
    with pytest.raises(NotFound, match=r"^the server could not find the requested resource$"):
        await world.registry.post_subresource(CONFIG_MAPS, "default", "c", "binding", binding(), WriteOptions())
    with pytest.raises(NotFound, match=r"^the server could not find the requested resource$"):
        await post(world, "log", {})


def eviction(**options: Any) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "x", "namespace": "default"},
        **({"deleteOptions": options} if options else {}),
    }


async def test_an_eviction_deletes_gracefully(world: Any) -> None:
    """``kubectl drain``: the pod is marked as by a delete, and says that it was evicted."""
    await world.pod(nodeName="n")
    answer = await post(world, "eviction", eviction())
    assert (answer["status"], answer["code"]) == ("Success", 201)
    pod = world.get(PODS, "x")
    assert pod.metadata.deletionGracePeriodSeconds == 30
    (condition,) = pod.status.conditions
    assert (condition.type, condition.status, condition.reason) == (
        "DisruptionTarget",
        "True",
        "EvictionByEvictionAPI",
    )


async def test_an_eviction_honours_its_delete_options(world: Any) -> None:
    """DeleteOptions are those of a delete: grace, preconditions, dry run."""
    await world.pod(nodeName="n")
    await post(world, "eviction", eviction(dryRun=["All"]))
    assert world.get(PODS, "x").metadata.deletionTimestamp is None
    with pytest.raises(Conflict):
        await post(world, "eviction", eviction(preconditions={"uid": "other"}))
    await post(world, "eviction", eviction(gracePeriodSeconds=0))
    assert not world.exists(PODS, "x")


async def test_a_second_eviction_changes_nothing(world: Any) -> None:
    """Drain repeats its evictions; the pod's grace is not extended and nothing is written."""
    await world.pod(nodeName="n")
    await post(world, "eviction", eviction())
    before = world.store.revision
    await post(world, "eviction", eviction())
    assert world.store.revision == before


async def test_an_ended_pod_is_just_deleted(world: Any) -> None:
    """Evicting a pod that has ended disrupts nothing."""
    await world.pod(nodeName="n")
    await world.patch(PODS, "x", {"status": {"phase": "Succeeded"}}, subresource="status")
    await post(world, "eviction", eviction())
    assert not world.exists(PODS, "x")


async def test_an_eviction_of_another_pod(world: Any) -> None:
    """The body must name the pod in the URL."""
    await world.pod()
    with pytest.raises(BadRequest, match=r"^name in URL does not match name in Eviction object$"):
        await post(world, "eviction", {"metadata": {"name": "y"}})
