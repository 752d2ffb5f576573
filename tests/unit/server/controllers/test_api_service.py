"""The Service ``kubernetes`` and its endpoints."""

from __future__ import annotations

from edgeorch.api.core.resources import ENDPOINTS, SERVICES
from edgeorch.api.core.service import Service
from edgeorch.api.discovery.resources import ENDPOINT_SLICES
from edgeorch_server.controllers.api_service import publish_api_service
from edgeorch_server.controllers.bootstrap import create_initial_objects
from tests.unit.server.controllers.world import World

ADDRESSES = ["127.0.0.1", "fd00::1", "192.168.1.5", "10.0.0.1"]


async def started() -> World:
    """Make a cluster with its first namespaces."""
    world = World()
    await create_initial_objects(world.registry)
    return world


async def publish(world: World, addresses: list[str] = ADDRESSES, port: int = 6443) -> None:
    await publish_api_service(world.registry, addresses, port, "10.43.0.1")


async def test_it_exists_once() -> None:
    """It has the first address of the range, leads to the API's port, and a second start changes nothing."""
    world = await started()
    await publish(world)
    revision = world.store.revision
    await publish(world)
    assert world.store.revision == revision
    spec = world.registry.get(SERVICES, "default", "kubernetes").spec
    assert (spec.clusterIP, [(p.name, p.port, p.targetPort) for p in spec.ports]) == (
        "10.43.0.1",
        [("https", 443, 6443)],
    )


async def test_its_endpoints_are_where_the_api_is() -> None:
    """An address that other nodes can use, and after a restart the new one."""
    world = await started()
    await publish(world)
    await publish(world, ["192.168.1.6"], 7443)
    [subset] = world.registry.get(ENDPOINTS, "default", "kubernetes").subsets
    assert [address.ip for address in subset.addresses] == ["192.168.1.6"]
    piece = world.registry.get(ENDPOINT_SLICES, "default", "kubernetes")
    assert [endpoint.addresses for endpoint in piece.endpoints] == [["192.168.1.6"]]
    assert (piece.ports[0].port, piece.metadata.generation) == (7443, 2)


async def test_a_box_that_only_talks_to_itself() -> None:
    """Without an address for others there are no endpoints, and that is no error."""
    world = await started()
    await publish(world, ["127.0.0.1"])
    assert world.registry.get(ENDPOINTS, "default", "kubernetes").subsets == []
    assert world.registry.get(ENDPOINT_SLICES, "default", "kubernetes").endpoints == []


async def test_its_address_is_somebody_elses() -> None:
    """A Service that asked for the first address before keeps it."""
    world = await started()
    squatter = {"ports": [{"port": 80}], "clusterIP": "10.43.0.1"}
    meta = {"name": "web", "namespace": "default"}
    await world.registry.create(SERVICES, Service.from_dict({"metadata": meta, "spec": squatter}))
    await publish(world)
    assert world.registry.get(SERVICES, "default", "kubernetes").spec.clusterIP not in {"", "10.43.0.1"}
