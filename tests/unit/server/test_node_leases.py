"""The Leases of nodes, which nobody writes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from edgeorch.api.coordination.lease import Lease
from edgeorch.api.coordination.resources import LEASES
from edgeorch.api.core.resources import NODES
from edgeorch.api.meta import ObjectMeta
from edgeorch.api.selectors import FieldSelector, Selector
from edgeorch.errors import NotFound
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.node_leases import NAMESPACE, NodeLeases
from edgeorch_server.registry.base import ListOptions
from edgeorch_server.store.base import Entry

from .controllers.world import World

pytestmark = pytest.mark.looptime


async def furnished(*nodes: str) -> tuple[World, NodeLeases]:
    world = World()
    await create_initial_objects(world.registry)
    for node in nodes:
        await world.add_node(node)
    return world, NodeLeases(world.registry, world.liveness, now=world.now, grace=50)


async def store(world: World, namespace: str, name: str) -> None:
    lease = Lease(metadata=ObjectMeta(name=name, namespace=namespace))
    await world.registry.create(LEASES, lease)


def names(entries: Sequence[Entry]) -> list[str]:

    return [f"{entry.namespace}/{entry.name}" for entry in entries]


async def test_a_node_that_was_heard() -> None:
    """Its Lease was renewed when it was heard last, and belongs to it."""
    world, leases = await furnished("pi-1")
    await asyncio.sleep(10)
    world.liveness.heard("pi-1")
    await asyncio.sleep(7)
    lease = Lease.from_json((await leases.get_entry(NAMESPACE, "pi-1")).data)
    assert (lease.spec.holderIdentity, lease.spec.leaseDurationSeconds) == ("pi-1", 50)
    assert lease.spec.renewTime == "2026-05-01T12:00:10.000000Z"
    assert lease.metadata.creationTimestamp == world.registry.get(NODES, "", "pi-1").metadata.creationTimestamp
    [owner] = lease.metadata.ownerReferences
    assert (owner.kind, owner.name) == ("Node", "pi-1")


async def test_a_node_that_was_not_heard_since_the_start() -> None:
    """There is no telling when it was heard, but it holds its Lease."""
    _, leases = await furnished("pi-1")
    lease = Lease.from_json((await leases.get_entry(NAMESPACE, "pi-1")).data)
    assert (lease.spec.holderIdentity, lease.spec.renewTime) == ("pi-1", None)


@pytest.mark.parametrize(("namespace", "name"), [(NAMESPACE, "pi-2"), ("default", "pi-1")])
async def test_nothing_else_is_made_up(namespace: str, name: str) -> None:
    """No Lease without a node, and none elsewhere."""
    _, leases = await furnished("pi-1")
    with pytest.raises(NotFound) as caught:
        await leases.get_entry(namespace, name)
    assert caught.value.message == f'leases.coordination.k8s.io "{name}" not found'


async def test_what_others_store_is_theirs() -> None:
    """A Lease that somebody made is served as it is, even under a node's name."""
    world, leases = await furnished("pi-1")
    await store(world, "default", "leader")
    await store(world, NAMESPACE, "pi-1")
    assert Lease.from_json((await leases.get_entry(NAMESPACE, "pi-1")).data).spec.holderIdentity is None
    page = await leases.list_entries(ListOptions())
    assert names(page.entries) == ["default/leader", f"{NAMESPACE}/pi-1"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (ListOptions(), ["default/leader", f"{NAMESPACE}/pi-1", f"{NAMESPACE}/pi-2"]),
        (ListOptions(namespace=NAMESPACE), [f"{NAMESPACE}/pi-1", f"{NAMESPACE}/pi-2"]),
        (ListOptions(namespace="default"), ["default/leader"]),
        (ListOptions(fields=FieldSelector.parse("metadata.name=pi-2")), [f"{NAMESPACE}/pi-2"]),
    ],
    ids=["all", "of nodes", "of others", "selected"],
)
async def test_lists(options: ListOptions, found: list[str]) -> None:
    """Those of nodes are listed with the others, where they are asked for."""
    world, leases = await furnished("pi-1", "pi-2")
    await store(world, "default", "leader")
    assert names((await leases.list_entries(options)).entries) == found


@pytest.mark.parametrize(
    "options",
    [
        ListOptions(labels=Selector.parse("!made-up")),
        ListOptions(labels=Selector.parse("made-up")),
        ListOptions(limit=1),
    ],
    ids=["selected", "not selected", "pages"],
)
async def test_what_others_store_is_listed_once(options: ListOptions) -> None:
    """Neither selectors nor pages bring out the Lease that a node would have without theirs."""
    world, leases = await furnished("pi-1")
    await store(world, NAMESPACE, "pi-1")
    await store(world, NAMESPACE, "zz")
    found = list((page := await leases.list_entries(options)).entries)
    while page.continue_:
        page = await leases.list_entries(replace(options, continue_=page.continue_))
        found += page.entries
    stored = await leases.get_entry(NAMESPACE, "pi-1")
    assert [entry.data for entry in found if entry.name == "pi-1"] in ([], [stored.data])


async def test_pages() -> None:
    """In pages, those of nodes come with the last one."""
    world, leases = await furnished("pi-1")
    for name in ("a", "b"):
        await store(world, "default", name)
    first = await leases.list_entries(ListOptions(limit=1))
    assert names(first.entries) == ["default/a"]
    rest = await leases.list_entries(ListOptions(limit=1, continue_=first.continue_))
    assert names(rest.entries) == ["default/b", f"{NAMESPACE}/pi-1"]
