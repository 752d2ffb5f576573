"""PUT: optimistic concurrency, what an update may touch, and what it leaves alone."""

from typing import Any

import pytest

from edgeorch.api.coordination.resources import LEASES
from edgeorch.api.core.resources import CONFIG_MAPS, EVENTS, NAMESPACES, NODES, PODS, SERVICE_ACCOUNTS
from edgeorch.errors import BadRequest, Conflict, Invalid, NotFound
from edgeorch_server.registry.base import WriteOptions


async def test_an_update_is_stored_under_a_new_revision(world: Any) -> None:
    """A change gets the store's next revision, which is its resourceVersion."""
    first = await world.create(CONFIG_MAPS, {"metadata": {"name": "c"}})
    written = await world.put(CONFIG_MAPS, world.body(CONFIG_MAPS, "c") | {"data": {"a": "b"}})
    assert written.entry.revision == first.entry.revision + 1
    assert not written.created
    stored = world.get(CONFIG_MAPS, "c")
    assert (stored.data, stored.metadata.resourceVersion) == ({"a": "b"}, str(written.entry.revision))


async def test_what_the_client_leaves_out_is_removed(world: Any) -> None:
    """A PUT replaces the object: fields that are not in it are gone."""
    await world.create(CONFIG_MAPS, {"metadata": {"name": "c", "labels": {"a": "b"}}, "data": {"k": "v"}})
    await world.put(CONFIG_MAPS, {"metadata": {"name": "c"}})
    stored = world.get(CONFIG_MAPS, "c")
    assert (stored.data, stored.metadata.labels) == ({}, {})


async def test_a_stale_version_is_a_conflict(world: Any) -> None:
    """An update of a version that is no longer the newest is refused, in Kubernetes' words."""
    await world.pod()
    stale = world.body(PODS, "x")
    await world.patch(PODS, "x", {"metadata": {"labels": {"a": "1"}}})
    stale["metadata"]["labels"] = {"a": "2"}
    with pytest.raises(Conflict) as caught:
        await world.put(PODS, stale)
    assert caught.value.to_status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'Operation cannot be fulfilled on pods "x": the object has been modified; '
        "please apply your changes to the latest version and try again",
        "reason": "Conflict",
        "details": {"name": "x", "kind": "pods"},
        "code": 409,
    }
    assert world.get(PODS, "x").metadata.labels == {"a": "1"}


async def test_a_conflict_names_the_group(world: Any) -> None:
    """Resources outside core are named with their group."""
    await world.create(LEASES, {"metadata": {"name": "l"}})
    body = world.body(LEASES, "l")
    body["metadata"]["resourceVersion"] = "1"
    with pytest.raises(Conflict, match=r'^Operation cannot be fulfilled on leases.coordination.k8s.io "l": '):
        await world.put(LEASES, body)


async def test_without_a_version_it_overwrites(world: Any) -> None:
    """Most kinds allow an unconditional update (AllowUnconditionalUpdate)."""
    await world.create(CONFIG_MAPS, {"metadata": {"name": "c"}, "data": {"a": "1"}})
    await world.put(CONFIG_MAPS, {"metadata": {"name": "c"}, "data": {"a": "2"}})
    assert world.get(CONFIG_MAPS, "c").data == {"a": "2"}


async def test_some_kinds_need_a_version(world: Any) -> None:
    """Service accounts and leases are not overwritten unseen."""
    await world.create(SERVICE_ACCOUNTS, {"metadata": {"name": "sa"}})
    with pytest.raises(Invalid) as caught:
        await world.put(SERVICE_ACCOUNTS, {"metadata": {"name": "sa"}})
    assert caught.value.message == (
        'serviceaccounts "sa" is invalid: metadata.resourceVersion: Invalid value: 0: '
        "must be specified for an update"
    )


async def test_another_uid_is_another_object(world: Any) -> None:
    """A PUT of an object that was deleted and created anew meanwhile is a conflict, not an overwrite."""
    await world.pod()
    body = world.body(PODS, "x")
    body["metadata"] |= {"uid": "gone", "resourceVersion": ""}
    with pytest.raises(Conflict) as caught:
        await world.put(PODS, body)
    assert caught.value.message == (
        'Operation cannot be fulfilled on pods "x": '
        "Precondition failed: UID in precondition: gone, UID in object meta: uid-2"
    )


async def test_a_missing_object(world: Any, manifest: Any) -> None:
    """A PUT of what is not there is 404."""
    with pytest.raises(NotFound) as caught:
        await world.put(PODS, manifest())
    assert caught.value.message == 'pods "x" not found'


@pytest.mark.parametrize(
    ("resource", "extra"),
    [
        (LEASES, {}),
        (EVENTS, {"involvedObject": {"kind": "Pod", "namespace": "default", "name": "x"}}),
    ],
    ids=["leases", "events"],
)
async def test_some_kinds_are_created_by_a_put(world: Any, resource: Any, extra: dict[str, Any]) -> None:
    """Leases and events allow create on update."""
    written = await world.put(resource, {"metadata": {"name": "l"}} | extra)
    assert written.created
    assert world.exists(resource, "l")


async def test_such_a_put_still_needs_the_name_of_the_url(world: Any) -> None:
    """Create on update takes the name in the URL, and no other."""
    with pytest.raises(BadRequest, match=r"does not match the name on the URL \(l\)$"):
        await world.put(LEASES, {"metadata": {"name": "other"}}, name="l")


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ({}, "the name of the object (x based on URL) was undeterminable: name must be provided"),
        ({"name": "y"}, "the name of the object (y) does not match the name on the URL (x)"),
        (
            {"name": "x", "namespace": "other"},
            ("the namespace of the object (other) does not match the namespace on the request (default)"),
        ),
    ],
    ids=["no-name", "other-name", "other-namespace"],
)
async def test_the_body_must_be_what_the_url_names(world: Any, meta: dict[str, Any], message: str) -> None:
    """Name and namespace of body and URL must agree (``checkName``)."""
    await world.pod()
    body = world.body(PODS, "x") | {"metadata": meta}
    with pytest.raises(BadRequest) as caught:
        await world.put(PODS, body, name="x")
    assert caught.value.message == message


async def test_an_update_that_changes_nothing_writes_nothing(world: Any) -> None:
    """A no-op update keeps the revision, so that apply says "unchanged" and watchers stay asleep."""
    first = await world.pod(labels={"a": "1", "b": "2"})
    before = world.store.revision
    written = await world.put(PODS, world.body(PODS, "x"))
    assert written.entry is world.registry.get_entry(PODS, "default", "x")
    assert (written.entry.revision, world.store.revision) == (first.entry.revision, before)


async def test_the_order_of_labels_is_no_change(world: Any) -> None:
    """Maps have no order: the same labels in another order change nothing."""
    first = await world.pod(labels={"a": "1", "b": "2"})
    body = world.body(PODS, "x")
    body["metadata"]["labels"] = {"b": "2", "a": "1"}
    assert (await world.put(PODS, body)).entry.revision == first.entry.revision


async def test_what_identifies_an_object_stays(world: Any) -> None:
    """A client cannot change uid, creation time, generation or selfLink; leaving them out is no change."""
    first = await world.pod()
    body = world.body(PODS, "x")
    for name in ("uid", "creationTimestamp", "namespace"):
        del body["metadata"][name]
    body["metadata"] |= {"generation": 99, "selfLink": "/x"}
    assert (await world.put(PODS, body)).entry.revision == first.entry.revision


async def test_only_a_delete_sets_the_deletion_timestamp(world: Any) -> None:
    """An update cannot mark an object as deleted."""
    await world.pod()
    body = world.body(PODS, "x")
    body["metadata"]["deletionTimestamp"] = "2026-05-01T12:00:00Z"
    with pytest.raises(Invalid, match=r"may only be changed via deletion"):
        await world.put(PODS, body)


async def test_nothing_takes_the_deletion_timestamp_back(world: Any) -> None:
    """Once marked, an object stays marked, whatever an update says."""
    await world.pod(finalizers=["a.b/c"])
    await world.delete(PODS, "x")
    body = world.body(PODS, "x")
    del body["metadata"]["deletionTimestamp"]
    del body["metadata"]["deletionGracePeriodSeconds"]
    body["metadata"]["labels"] = {"a": "b"}
    await world.put(PODS, body)
    meta = world.get(PODS, "x").metadata
    assert (meta.labels, meta.deletionTimestamp) == ({"a": "b"}, "2026-05-01T12:00:00Z")


async def test_no_finalizer_is_added_to_what_is_going(world: Any) -> None:
    """Finalizers cannot be added once an object is being deleted."""
    await world.pod(finalizers=["a.b/c"])
    await world.delete(PODS, "x")
    with pytest.raises(Invalid, match=r"no new finalizers can be added if the object is being deleted"):
        await world.patch(PODS, "x", {"metadata": {"finalizers": ["a.b/c", "d.e/f"]}})


async def test_the_last_finalizer_takes_the_object_with_it(world: Any) -> None:
    """Removing the last finalizer of a deleted object deletes it, in the same write."""
    await world.create(CONFIG_MAPS, {"metadata": {"name": "c", "finalizers": ["a.b/c"]}})
    await world.delete(CONFIG_MAPS, "c")
    written = await world.patch(CONFIG_MAPS, "c", {"metadata": {"finalizers": None}})
    assert written.deleted
    assert not world.exists(CONFIG_MAPS, "c")


async def test_a_pod_in_its_grace_outlives_its_last_finalizer(world: Any) -> None:
    """While its grace period runs, a pod without finalizers waits for its node."""
    await world.pod(finalizers=["a.b/c"], nodeName="n")
    await world.delete(PODS, "x")
    written = await world.patch(PODS, "x", {"metadata": {"finalizers": None}})
    assert not written.deleted
    assert world.get(PODS, "x").metadata.deletionGracePeriodSeconds == 30


async def test_a_put_leaves_the_status_alone(world: Any) -> None:
    """The status in the body of a PUT is ignored."""
    first = await world.pod()
    body = world.body(PODS, "x")
    body["status"] = {"phase": "Failed"}
    assert (await world.put(PODS, body)).entry.revision == first.entry.revision
    assert world.get(PODS, "x").status.phase == "Pending"


async def test_the_generation_counts_changes_of_the_spec(world: Any) -> None:
    """The generation goes up by one with the spec, and stays when only metadata changes."""
    await world.pod()
    body = world.body(PODS, "x")
    body["metadata"]["labels"] = {"a": "b"}
    await world.put(PODS, body)
    assert world.get(PODS, "x").metadata.generation == 1
    body = world.body(PODS, "x")
    body["spec"]["containers"][0]["image"] = "nginx:2"
    await world.put(PODS, body)
    assert world.get(PODS, "x").metadata.generation == 2


async def test_most_of_a_pod_cannot_change(world: Any) -> None:
    """What validation refuses is not stored."""
    first = await world.pod()
    body = world.body(PODS, "x")
    body["spec"]["restartPolicy"] = "Never"
    with pytest.raises(
        Invalid, match=r'^Pod "x" is invalid: spec: Forbidden: pod updates may not change fields'
    ):
        await world.put(PODS, body)
    assert world.registry.get_entry(PODS, "default", "x").revision == first.entry.revision


async def test_the_manifest_can_be_put_again(world: Any, manifest: Any) -> None:
    """Defaults and what admission added do not make an unchanged manifest an invalid change."""
    first = await world.pod()
    body = manifest(labels={"a": "b"}, serviceAccountName="default")
    written = await world.put(PODS, body)
    assert written.entry.revision > first.entry.revision
    spec = world.get(PODS, "x").spec
    assert (spec.priority, len(spec.tolerations)) == (0, 2)


async def test_a_node_keeps_its_status(world: Any) -> None:
    """Cordoning a node (a PUT of its spec) does not touch what it reports."""
    await world.create(NODES, {"metadata": {"name": "n"}, "status": {"capacity": {"cpu": "4"}}})
    await world.put(NODES, {"metadata": {"name": "n"}, "spec": {"unschedulable": True}})
    node = world.get(NODES, "n")
    assert (node.spec.unschedulable, node.status.capacity) == (True, {"cpu": "4"})


async def test_a_namespaces_finalizers_are_not_for_put(world: Any) -> None:
    """Only ``finalize`` writes spec.finalizers of a namespace."""
    await world.put(NAMESPACES, {"metadata": {"name": "default"}, "spec": {"finalizers": []}})
    assert world.get(NAMESPACES, "default").spec.finalizers == ["kubernetes"]


async def test_known_fields_without_effect_are_told_once(world: Any, manifest: Any) -> None:
    """A field without effect that is stored already is no news when the object is put back."""
    body = manifest()
    body["spec"]["runtimeClassName"] = "gvisor"
    await world.create(PODS, body)
    options = WriteOptions()
    await world.registry.update_entry(PODS, "default", "x", world.body(PODS, "x"), options)
    assert options.warnings == []


async def test_an_unknown_subresource(world: Any) -> None:
    """A subresource the kind does not have is 404."""
    await world.create(CONFIG_MAPS, {"metadata": {"name": "c"}})
    with pytest.raises(NotFound, match=r"^the server could not find the requested resource$"):
        await world.put(CONFIG_MAPS, {"metadata": {"name": "c"}}, "status")
