"""The status subresource: everything else stays, and a lost write comes again."""

from typing import Any

import pytest

from edgeorch.api.coordination.resources import LEASES
from edgeorch.api.core.resources import EVENTS, NAMESPACES, NODES, PODS
from edgeorch.errors import Conflict, Invalid
from edgeorch_server.store.base import Durability


async def test_only_the_status_is_written(world: Any) -> None:
    """A write of the status leaves spec and owners alone, whatever the body says of them."""
    await world.pod()
    body = world.body(PODS, "x")
    body["status"] = {"phase": "Running", "podIP": "10.42.0.7"}
    body["spec"]["containers"][0]["image"] = "other:1"
    body["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}]
    await world.put(PODS, body, "status")
    pod = world.get(PODS, "x")
    assert (pod.status.phase, pod.status.podIP) == ("Running", "10.42.0.7")
    assert pod.spec.containers[0].image == "nginx:1.25"
    assert pod.metadata.ownerReferences == []
    assert pod.metadata.generation == 1


async def test_the_qos_class_stays(world: Any) -> None:
    """A reporter that leaves the QoS class out does not clear it."""
    await world.pod()
    await world.put(PODS, world.body(PODS, "x") | {"status": {"phase": "Running"}}, "status")
    assert world.get(PODS, "x").status.qosClass == "BestEffort"


@pytest.mark.parametrize("ended", ["Succeeded", "Failed"])
async def test_an_ended_pod_stays_ended(world: Any, ended: str) -> None:
    """A late report of a running pod cannot bring back one that has ended."""
    await world.pod()
    await world.put(PODS, world.body(PODS, "x") | {"status": {"phase": ended}}, "status")
    with pytest.raises(Invalid) as caught:
        await world.put(PODS, world.body(PODS, "x") | {"status": {"phase": "Running"}}, "status")
    assert caught.value.message == (
        f'Pod "x" is invalid: status.phase: Invalid value: "Running": may not change once it is {ended}'
    )
    assert world.get(PODS, "x").status.phase == ended


async def test_an_ended_pod_may_say_more(world: Any) -> None:
    """The rest of an ended pod's status may still be completed."""
    await world.pod()
    await world.put(PODS, world.body(PODS, "x") | {"status": {"phase": "Failed"}}, "status")
    await world.put(PODS, world.body(PODS, "x") | {"status": {"phase": "Failed", "reason": "OOM"}}, "status")
    assert world.get(PODS, "x").status.reason == "OOM"


async def test_labels_may_come_with_the_status(world: Any) -> None:
    """As in Kubernetes, labels and annotations can be written through the status subresource."""
    await world.patch(NAMESPACES, "default", {"metadata": {"annotations": {"a": "b"}}}, subresource="status")
    assert world.get(NAMESPACES, "default").metadata.annotations == {"a": "b"}


async def test_a_stale_status_is_a_conflict(world: Any) -> None:
    """Optimistic concurrency holds for the status too."""
    await world.pod()
    stale = world.body(PODS, "x") | {"status": {"phase": "Running"}}
    await world.patch(PODS, "x", {"metadata": {"labels": {"a": "b"}}})
    with pytest.raises(Conflict):
        await world.put(PODS, stale, "status")


@pytest.fixture
def durabilities(world: Any, monkeypatch: pytest.MonkeyPatch) -> list[Durability]:
    """Note how each write is stored."""
    seen: list[Durability] = []
    put = world.store.put

    def noted(*args: Any, durability: Durability = Durability.DURABLE, **options: Any) -> Any:
        seen.append(durability)
        return put(*args, durability=durability, **options)

    monkeypatch.setattr(world.store, "put", noted)
    return seen


@pytest.mark.parametrize(
    ("resource", "body", "status"),
    [
        (PODS, {"spec": {"containers": [{"name": "c", "image": "i"}]}}, {"phase": "Running"}),
        (NODES, {}, {"capacity": {"cpu": "4"}}),
    ],
    ids=["pods", "nodes"],
)
async def test_what_nodes_report_is_stored_softly(
    world: Any, durabilities: list[Durability], resource: Any, body: Any, status: Any
) -> None:
    """Pod and node statuses can be rebuilt from the nodes, so they do not wear out the card."""
    await world.create(resource, {"metadata": {"name": "x"}} | body)
    await world.put(resource, world.body(resource, "x") | {"status": status}, "status")
    assert durabilities == [Durability.DURABLE, Durability.SOFT]


async def test_what_users_write_is_durable(world: Any, durabilities: list[Durability]) -> None:
    """A label that comes through the status subresource is a user's word, and is not lost."""
    await world.pod()
    await world.patch(PODS, "x", {"metadata": {"labels": {"a": "b"}}}, subresource="status")
    await world.patch(NAMESPACES, "default", {"status": {"conditions": []}}, subresource="status")
    assert durabilities == [Durability.DURABLE, Durability.DURABLE]


async def test_events_and_leases_are_soft(world: Any, durabilities: list[Durability]) -> None:
    """Events and leases are many and short-lived; a crash may lose the newest."""
    about = {"kind": "Pod", "namespace": "default", "name": "x"}
    await world.create(EVENTS, {"metadata": {"name": "e"}, "involvedObject": about})
    await world.create(LEASES, {"metadata": {"name": "l"}})
    assert durabilities == [Durability.SOFT, Durability.SOFT]
