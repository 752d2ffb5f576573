"""The life of a namespace: Active, Terminating, gone."""

from typing import Any

import pytest

from edgeorch.api.core.resources import CONFIG_MAPS, NAMESPACES, NODES, PODS
from edgeorch.api.meta import DeleteOptions, Preconditions
from edgeorch.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from edgeorch_server.registry.base import WriteOptions


@pytest.fixture
async def shop(world: Any) -> Any:
    await world.create(NAMESPACES, {"metadata": {"name": "shop"}})
    return world


async def finalize(world: Any, *finalizers: str) -> Any:
    body = world.body(NAMESPACES, "shop")
    body["spec"] = {"finalizers": list(finalizers)}
    return await world.put(NAMESPACES, body, "finalize")


async def test_nothing_is_created_where_no_namespace_is(world: Any, manifest: Any) -> None:
    """Creating in a namespace that does not exist is 404 about the namespace."""
    with pytest.raises(NotFound) as caught:
        await world.create(PODS, manifest(), namespace="nowhere")
    assert caught.value.message == 'namespaces "nowhere" not found'
    assert (caught.value.kind, caught.value.name) == ("namespaces", "nowhere")


async def test_deleting_begins_to_terminate(shop: Any) -> None:
    """A deleted namespace is Terminating and stays until it has been emptied."""
    written = await shop.delete(NAMESPACES, "shop")
    assert not written.deleted
    namespace = shop.get(NAMESPACES, "shop")
    assert namespace.status.phase == "Terminating"
    assert namespace.metadata.deletionTimestamp == "2026-05-01T12:00:00Z"
    assert namespace.spec.finalizers == ["kubernetes"]


async def test_deleting_it_again_changes_nothing(shop: Any) -> None:
    """A second delete of a namespace that is being emptied writes nothing."""
    await shop.delete(NAMESPACES, "shop")
    before = shop.store.revision
    shop.clock.advance(60)
    assert not (await shop.delete(NAMESPACES, "shop")).deleted
    assert shop.store.revision == before


async def test_nothing_is_created_in_one_that_is_going(shop: Any, manifest: Any) -> None:
    """A terminating namespace takes no new objects; the cause lets clients tell why."""
    await shop.delete(NAMESPACES, "shop")
    with pytest.raises(Forbidden) as caught:
        await shop.create(PODS, manifest(), namespace="shop")
    assert caught.value.to_status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "x" is forbidden: unable to create new content in namespace shop '
        "because it is being terminated",
        "reason": "Forbidden",
        "details": {
            "name": "x",
            "kind": "pods",
            "causes": [
                {
                    "reason": "NamespaceTerminating",
                    "message": "namespace shop is being terminated",
                    "field": "metadata.namespace",
                }
            ],
        },
        "code": 403,
    }


async def test_a_name_to_be_generated_is_called_by_its_base(shop: Any, manifest: Any) -> None:
    """An object without a name yet is called by its generateName in the refusal."""
    await shop.delete(NAMESPACES, "shop")
    body = manifest(generateName="web-")
    del body["metadata"]["name"]
    with pytest.raises(Forbidden, match=r'^pods "web-" is forbidden: '):
        await shop.create(PODS, body, namespace="shop")


async def test_what_is_in_it_can_still_be_changed_and_deleted(shop: Any) -> None:
    """Only creating is forbidden: what is there is updated and deleted as before."""
    await shop.create(CONFIG_MAPS, {"metadata": {"name": "c"}}, namespace="shop")
    await shop.delete(NAMESPACES, "shop")
    body = {"metadata": {"name": "c"}, "data": {"a": "b"}}
    await shop.registry.update_entry(CONFIG_MAPS, "shop", "c", body, WriteOptions())
    await shop.registry.delete(CONFIG_MAPS, "shop", "c")
    assert shop.store.get(CONFIG_MAPS.key, "shop", "c") is None


async def test_finalizing_removes_it(shop: Any) -> None:
    """Taking the last finalizer through ``finalize`` removes a terminating namespace, in the same write."""
    await shop.delete(NAMESPACES, "shop")
    assert (await finalize(shop)).deleted
    assert not shop.exists(NAMESPACES, "shop")


async def test_finalizing_leaves_others_waiting(shop: Any) -> None:
    """As long as a finalizer is left, in spec or metadata, the namespace stays."""
    await shop.patch(NAMESPACES, "shop", {"metadata": {"finalizers": ["a.b/c"]}})
    await shop.delete(NAMESPACES, "shop")
    assert not (await finalize(shop, "kubernetes", "d.e/f")).deleted
    assert not (await finalize(shop)).deleted
    assert (await shop.patch(NAMESPACES, "shop", {"metadata": {"finalizers": None}})).deleted


async def test_finalizing_one_that_is_not_going(shop: Any) -> None:
    """A namespace without finalizers that nobody deleted stays; its delete then takes two steps."""
    await finalize(shop)
    assert shop.get(NAMESPACES, "shop").status.phase == "Active"
    assert not (await shop.delete(NAMESPACES, "shop")).deleted
    assert (await shop.delete(NAMESPACES, "shop")).deleted


async def test_finalizers_have_names(shop: Any) -> None:
    """A finalizer is one of Kubernetes' own or has a domain."""
    with pytest.raises(Invalid, match=r"spec.finalizers\[0\]"):
        await finalize(shop, "mine")


async def test_finalize_leaves_the_status_alone(shop: Any) -> None:
    """The status in the body of ``finalize`` is ignored."""
    body = shop.body(NAMESPACES, "shop") | {"status": {"phase": "Terminating"}}
    await shop.put(NAMESPACES, body, "finalize")
    assert shop.get(NAMESPACES, "shop").status.phase == "Active"


async def test_only_namespaces_finalize(world: Any) -> None:
    """``finalize`` is a subresource of namespaces and of nothing else."""
    await world.create(NODES, {"metadata": {"name": "n"}})
    with pytest.raises(NotFound):
        await world.put(NODES, {"metadata": {"name": "n"}}, "finalize")


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public", "kube-node-lease"])
async def test_some_cannot_be_deleted(world: Any, name: str) -> None:
    """The namespaces every cluster needs cannot be deleted, whoever asks."""
    if name != "default":
        await world.create(NAMESPACES, {"metadata": {"name": name}})
    with pytest.raises(Forbidden) as caught:
        await world.delete(NAMESPACES, name)
    assert caught.value.message == f'namespaces "{name}" is forbidden: this namespace may not be deleted'
    with pytest.raises(Forbidden):
        await world.registry.delete(NAMESPACES, "", name)
    assert world.get(NAMESPACES, name).status.phase == "Active"


async def test_preconditions_hold(shop: Any) -> None:
    """A delete meant for an earlier namespace of that name is refused."""
    with pytest.raises(Conflict):
        await shop.delete(NAMESPACES, "shop", DeleteOptions(preconditions=Preconditions(uid="other")))
    assert shop.get(NAMESPACES, "shop").metadata.deletionTimestamp is None


async def test_the_phase_follows_the_deletion(shop: Any) -> None:
    """A namespace is Terminating when it is being deleted, and only then."""
    with pytest.raises(Invalid, match=r"may only be 'Active' if `deletionTimestamp` is empty"):
        await shop.patch(NAMESPACES, "shop", {"status": {"phase": "Terminating"}}, subresource="status")


async def test_the_name_is_free_only_at_the_end(shop: Any) -> None:
    """While it terminates the name is taken."""
    await shop.delete(NAMESPACES, "shop")
    with pytest.raises(AlreadyExists, match=r"^object is being deleted: namespaces"):
        await shop.create(NAMESPACES, {"metadata": {"name": "shop"}})
