import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edgeorch.api.core.config import ConfigMap
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.resources import CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS
from edgeorch.api.meta import ObjectMeta
from edgeorch.errors import NotFound
from edgeorch_server.controllers import namespace, service_account
from edgeorch_server.controllers.bootstrap import INITIAL_NAMESPACES, create_initial_objects
from edgeorch_server.controllers.runner import Controller, Key

from .world import World

pytestmark = pytest.mark.looptime


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    registry = world.registry
    controllers = [
        Controller("sa", service_account.DefaultServiceAccount(registry), service_account.SOURCES, registry),
        Controller("ns", namespace.NamespaceDeletion(registry, registry), namespace.SOURCES, registry),
    ]
    tasks = [asyncio.create_task(controller.run()) for controller in controllers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_initial_namespaces_exist_once() -> None:
    """Kubernetes, "Initial namespaces": default, kube-system, kube-public, kube-node-lease."""
    world = World()
    await create_initial_objects(world.registry)
    revision = world.store.revision
    await create_initial_objects(world.registry)
    assert world.store.revision == revision
    assert {n.metadata.name for n in world.registry.list(NAMESPACES)} == set(INITIAL_NAMESPACES)


async def test_every_namespace_has_a_default_service_account_again_and_again() -> None:
    """Kubernetes, "Default service accounts": it is created with the namespace, and again when deleted."""
    world = World()
    await create_initial_objects(world.registry)
    async with running(world):
        await asyncio.sleep(1)
        assert len(world.registry.list(SERVICE_ACCOUNTS)) == len(INITIAL_NAMESPACES)
        await world.registry.delete(SERVICE_ACCOUNTS, "default", "default")
        await asyncio.sleep(1)
        assert world.registry.get(SERVICE_ACCOUNTS, "default", "default").metadata.name == "default"


async def test_a_deleted_namespace_is_emptied_and_then_gone() -> None:
    """Kubernetes: deleting a namespace deletes everything in it, its own ServiceAccount too."""
    world = World()
    await world.registry.create(NAMESPACES, Namespace(metadata=ObjectMeta(name="shop")))
    async with running(world):
        await asyncio.sleep(1)
        cart = ConfigMap(metadata=ObjectMeta(name="cart", namespace="shop"))
        await world.registry.create(CONFIG_MAPS, cart)
        await world.registry.delete(NAMESPACES, "", "shop")
        await asyncio.sleep(30)
        for resource, where, name in ((CONFIG_MAPS, "shop", "cart"), (NAMESPACES, "", "shop")):
            with pytest.raises(NotFound):
                world.registry.get(resource, where, name)
        assert not world.registry.list(SERVICE_ACCOUNTS, "shop")


async def test_an_object_with_a_finalizer_holds_the_namespace() -> None:
    """What must not go yet keeps its namespace in Terminating, without a hot loop of writes."""
    world = World()
    await world.registry.create(NAMESPACES, Namespace(metadata=ObjectMeta(name="shop")))
    async with running(world):
        held = ConfigMap(metadata=ObjectMeta(name="cart", namespace="shop", finalizers=["example.com/keep"]))
        await world.registry.create(CONFIG_MAPS, held)
        await world.registry.delete(NAMESPACES, "", "shop")
        await asyncio.sleep(30)
        assert world.registry.get(NAMESPACES, "", "shop").status.phase == "Terminating"
        revision = world.store.revision
        await asyncio.sleep(600)
        assert world.store.revision == revision
        cart = world.registry.get(CONFIG_MAPS, "shop", "cart")
        cart.metadata.finalizers.clear()
        await world.registry.update(CONFIG_MAPS, cart)
        await asyncio.sleep(30)
        with pytest.raises(NotFound):
            world.registry.get(NAMESPACES, "", "shop")


async def test_a_second_reconcile_of_a_namespace_writes_nothing() -> None:
    """Reconciling an active namespace changes nothing."""
    world = World()
    await create_initial_objects(world.registry)
    reconciler = namespace.NamespaceDeletion(world.registry, world.registry)
    revision = world.store.revision
    await reconciler.reconcile(Key("", "default"))
    assert world.store.revision == revision
