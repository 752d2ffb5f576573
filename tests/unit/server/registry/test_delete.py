"""DELETE: grace, finalizers, preconditions, collections."""

from typing import Any

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS, EVENTS, NODES, PODS
from edgeorch.api.meta import DeleteOptions, Preconditions
from edgeorch.api.selectors import FieldSelector, Selector
from edgeorch.errors import BadRequest, Conflict, InternalError, Invalid, NotFound
from edgeorch_server.registry.base import ListOptions, WriteOptions
from edgeorch_server.store.base import Draft, EventType


async def test_a_plain_object_is_gone(world: Any) -> None:
    """A kind without grace is removed at once; the answer is its last state."""
    await world.create(CONFIG_MAPS, {"metadata": {"name": "c"}, "data": {"a": "b"}})
    written = await world.delete(CONFIG_MAPS, "c")
    assert written.deleted
    assert b'"a":"b"' in written.entry.data
    assert not world.exists(CONFIG_MAPS, "c")


async def test_watchers_see_the_end_under_a_new_revision(world: Any) -> None:
    """The DELETED event carries the last state with the revision of the deletion."""
    first = await world.create(CONFIG_MAPS, {"metadata": {"name": "c"}})
    with world.registry.watch_entries(CONFIG_MAPS, "default") as watch:
        written = await world.delete(CONFIG_MAPS, "c")
        event = await anext(watch)
    assert (event.type, event.entry) == (EventType.DELETED, written.entry)
    assert written.entry.revision > first.entry.revision
    assert f'"resourceVersion":"{written.entry.revision}"'.encode() in written.entry.data


async def test_what_is_not_there(world: Any) -> None:
    """Deleting what is not there is 404."""
    with pytest.raises(NotFound, match=r'^pods "x" not found$'):
        await world.delete(PODS, "x")


async def test_a_scheduled_pod_gets_its_grace(world: Any) -> None:
    """A pod on a node is marked, with its own grace period, and waits for the node."""
    await world.pod(nodeName="n", terminationGracePeriodSeconds=45)
    written = await world.delete(PODS, "x")
    assert not written.deleted
    meta = world.get(PODS, "x").metadata
    assert (meta.deletionTimestamp, meta.deletionGracePeriodSeconds) == ("2026-05-01T12:00:45Z", 45)
    assert meta.generation == 2


async def test_the_client_may_choose_the_grace(world: Any) -> None:
    """``kubectl delete --grace-period=5``."""
    await world.pod(nodeName="n")
    await world.delete(PODS, "x", DeleteOptions(gracePeriodSeconds=5))
    assert world.get(PODS, "x").metadata.deletionTimestamp == "2026-05-01T12:00:05Z"


async def test_the_node_finishes_with_grace_zero(world: Any) -> None:
    """The agent reports the end by a delete with a grace of 0, and its uid as precondition."""
    await world.pod(nodeName="n")
    await world.delete(PODS, "x")
    uid = world.get(PODS, "x").metadata.uid
    done = DeleteOptions(gracePeriodSeconds=0, preconditions=Preconditions(uid=uid))
    assert (await world.delete(PODS, "x", done)).deleted


async def test_a_second_delete_shortens(world: Any) -> None:
    """A shorter grace counts from the first delete; a longer one is ignored and writes nothing."""
    await world.pod(nodeName="n")
    await world.delete(PODS, "x")
    world.clock.advance(3)
    await world.delete(PODS, "x", DeleteOptions(gracePeriodSeconds=10))
    assert world.get(PODS, "x").metadata.deletionTimestamp == "2026-05-01T12:00:10Z"
    before = world.store.revision
    await world.delete(PODS, "x", DeleteOptions(gracePeriodSeconds=60))
    await world.delete(PODS, "x")
    assert world.store.revision == before


async def test_an_unscheduled_pod_goes_at_once(world: Any) -> None:
    """Where no node has anything to stop there is nothing to wait for."""
    await world.pod()
    assert (await world.delete(PODS, "x", DeleteOptions(gracePeriodSeconds=30))).deleted


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
async def test_an_ended_pod_goes_at_once(world: Any, phase: str) -> None:
    """A pod that has ended needs no grace."""
    await world.pod(nodeName="n")
    await world.patch(PODS, "x", {"status": {"phase": phase}}, subresource="status")
    assert (await world.delete(PODS, "x")).deleted


async def test_force(world: Any) -> None:
    """``--force --grace-period=0`` removes a running pod at once."""
    await world.pod(nodeName="n")
    assert (await world.delete(PODS, "x", DeleteOptions(gracePeriodSeconds=0))).deleted


async def test_finalizers_keep_it(world: Any) -> None:
    """An object with finalizers is marked and stays until the last one is removed."""
    await world.create(CONFIG_MAPS, {"metadata": {"name": "c", "finalizers": ["a.b/c"]}})
    assert not (await world.delete(CONFIG_MAPS, "c")).deleted
    meta = world.get(CONFIG_MAPS, "c").metadata
    assert (meta.deletionTimestamp, meta.deletionGracePeriodSeconds) == ("2026-05-01T12:00:00Z", 0)


async def test_the_policy_is_stored_for_the_collector(world: Any) -> None:
    """``--cascade=foreground`` adds the finalizer that the garbage collector acts on."""
    await world.pod()
    await world.delete(PODS, "x", DeleteOptions(propagationPolicy="Foreground"))
    assert world.get(PODS, "x").metadata.finalizers == ["foregroundDeletion"]


async def test_events_have_no_dependents(world: Any) -> None:
    """A policy does not keep an event."""
    about = {"kind": "Pod", "namespace": "default", "name": "x"}
    await world.create(EVENTS, {"metadata": {"name": "e"}, "involvedObject": about})
    assert (await world.delete(EVENTS, "e", DeleteOptions(propagationPolicy="Orphan"))).deleted


async def test_preconditions(world: Any) -> None:
    """A delete of another object of that name is refused."""
    await world.pod()
    with pytest.raises(Conflict, match=r"the UID in the precondition \(other\) does not match"):
        await world.delete(PODS, "x", DeleteOptions(preconditions=Preconditions(uid="other")))
    assert world.exists(PODS, "x")


async def test_bad_options(world: Any) -> None:
    """Options that mean nothing are 422, and nothing is deleted."""
    await world.pod()
    with pytest.raises(Invalid, match=r'^DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: '):
        await world.delete(PODS, "x", DeleteOptions(propagationPolicy="Now"))
    assert world.exists(PODS, "x")


async def test_a_collection_by_labels(world: Any) -> None:
    """DELETE of a collection deletes what the selectors choose, and answers what it deleted."""
    for name, app in (("a", "web"), ("b", "db"), ("c", "web")):
        await world.pod(name, labels={"app": app})
    select = ListOptions(namespace="default", labels=Selector.parse("app=web"))
    page = await world.registry.delete_collection(PODS, select, DeleteOptions(), WriteOptions())
    assert [entry.name for entry in page.entries] == ["a", "c"]
    assert [entry.name for entry in world.store.list(PODS.key)] == ["b"]


async def test_a_collection_by_fields(world: Any) -> None:
    """Field selectors choose too; an unknown field deletes nothing."""
    await world.pod("a", nodeName="n")
    await world.pod("b")
    select = ListOptions(namespace="default", fields=FieldSelector.parse("spec.nodeName=n"))
    page = await world.registry.delete_collection(
        PODS, select, DeleteOptions(gracePeriodSeconds=0), WriteOptions()
    )
    assert [entry.name for entry in page.entries] == ["a"]
    unknown = ListOptions(namespace="default", fields=FieldSelector.parse("spec.color=red"))
    with pytest.raises(BadRequest):
        await world.registry.delete_collection(PODS, unknown, DeleteOptions(), WriteOptions())
    assert world.exists(PODS, "b")


async def test_a_collection_keeps_what_has_finalizers(world: Any) -> None:
    """Marked or gone, each object of a collection is deleted by the same rules as alone."""
    await world.pod("a", finalizers=["a.b/c"])
    await world.pod("b", nodeName="n")
    await world.pod("c")
    await world.registry.delete_collection(
        PODS, ListOptions(namespace="default"), DeleteOptions(), WriteOptions()
    )
    assert [entry.name for entry in world.store.list(PODS.key)] == ["a", "b"]


async def test_a_large_collection_lets_others_work(world: Any) -> None:
    """Deleting hundreds of objects gives the loop back in between, and ends with all of them gone."""
    for number in range(250):
        await world.create(NODES, {"metadata": {"name": f"n{number}"}})
    page = await world.registry.delete_collection(NODES, ListOptions(), DeleteOptions(), WriteOptions())
    assert len(page.entries) == 250
    assert world.store.count(NODES.key) == 0


async def test_what_cannot_be_read_can_be_removed(world: Any) -> None:
    """Bytes that no model reads are removed by a delete with a grace of 0, and by no other."""
    spoil(world)
    with pytest.raises(InternalError, match=r"delete it with a grace period of 0 seconds"):
        await world.delete(PODS, "x")
    assert (await world.delete(PODS, "x", DeleteOptions(gracePeriodSeconds=0))).deleted
    assert not world.exists(PODS, "x")


def spoil(world: Any) -> None:
    """Store a pod that today's model does not read."""
    world.store.put(
        PODS.key, "default", "x", lambda _: Draft(b'{"metadata":{"name":5}}', "u", {}, {}), expected=0
    )
