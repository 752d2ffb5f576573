"""Services in the registry: what they get, keep, give back, and are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from edgeorch.api.core.resources import SERVICES
from edgeorch.errors import Invalid

if TYPE_CHECKING:
    from tests.unit.server.registry.conftest import World


def body(name: str = "web", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


async def made(world: World, name: str = "web", **spec: Any) -> dict[str, Any]:
    written = await world.create(SERVICES, body(name, **spec))
    found: dict[str, Any] = json.loads(written.entry.data)
    return found


async def test_an_address_of_its_own(world: World) -> None:
    """Each Service gets an address of the range, in both fields, and its family."""
    specs = [(await made(world, f"web-{number}"))["spec"] for number in range(3)]
    assert len({spec["clusterIP"] for spec in specs}) == 3
    for spec in specs:
        assert spec["clusterIPs"] == [spec["clusterIP"]]
        assert spec["clusterIP"].startswith("10.43.")
        assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")


async def test_none_of_its_own(world: World) -> None:
    """Headless Services and names of something outside have no address."""
    headless = (await made(world, "headless", clusterIP="None", selector={"a": "b"}))["spec"]
    assert (headless["clusterIPs"], headless["ipFamilies"]) == (["None"], ["IPv4"])
    free = (await made(world, "free", clusterIP="None"))["spec"]
    assert (free["ipFamilies"], free["ipFamilyPolicy"]) == (["IPv4", "IPv6"], "RequireDualStack")
    name = (await made(world, "name", type="ExternalName", externalName="a.example", ports=[]))["spec"]
    assert set(name) == {"type", "externalName", "sessionAffinity"}


async def test_an_address_that_is_taken(world: World) -> None:
    """Two Services cannot have one address, however it came to the first."""
    address = (await made(world))["spec"]["clusterIP"]
    with pytest.raises(Invalid) as refused:
        await made(world, "other", clusterIP=address)
    assert refused.value.message == (
        f'Service "other" is invalid: spec.clusterIPs: Invalid value: ["{address}"]: '
        f"failed to allocate IP {address}: provided IP is already allocated"
    )
    await world.delete(SERVICES, "web")
    assert (await made(world, "other", clusterIP=address))["spec"]["clusterIP"] == address


async def test_a_dry_run_takes_nothing(world: World) -> None:
    """What a dry run shows is not reserved for it."""
    dry = await world.create(SERVICES, body(), dry_run=True)
    address = json.loads(dry.entry.data)["spec"]["clusterIP"]
    assert (await made(world, "other", clusterIP=address))["spec"]["clusterIP"] == address


async def test_node_ports(world: World) -> None:
    """A Service of type NodePort gets one for each port, keeps them, and nobody else can have them."""
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81, "nodePort": 30080}]
    spec = (await made(world, type="NodePort", ports=ports))["spec"]
    chosen, asked = (port["nodePort"] for port in spec["ports"])
    assert asked == 30080 != chosen
    assert 30000 <= chosen < 32768
    with pytest.raises(
        Invalid, match=r"spec.ports\[0\].nodePort: Invalid value: 30080: provided port is already"
    ):
        await made(world, "other", type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
    again = json.loads((await world.put(SERVICES, body(type="NodePort", ports=ports[:1]))).entry.data)["spec"]
    assert (again["clusterIP"], again["ports"][0]["nodePort"]) == (spec["clusterIP"], chosen)
    await made(world, "other", type="NodePort", ports=[{"port": 80, "nodePort": 30080}])


async def test_one_number_for_two_protocols(world: World) -> None:
    """TCP and UDP of one Service may share a node port, as DNS does."""
    ports = [{"name": p, "port": 53, "protocol": p.upper(), "nodePort": 30053} for p in ("tcp", "udp")]
    spec = (await made(world, type="NodePort", ports=ports))["spec"]
    assert [port["nodePort"] for port in spec["ports"]] == [30053, 30053]


async def test_another_type(world: World) -> None:
    """A change of type takes what the new type needs and gives back what it does not."""
    spec = (await made(world))["spec"]
    opened = json.loads((await world.put(SERVICES, body(type="LoadBalancer"))).entry.data)["spec"]
    assert opened["clusterIP"] == spec["clusterIP"]
    assert opened["ports"][0]["nodePort"]
    name = {"type": "ExternalName", "externalName": "a.example"}
    gone = json.loads((await world.put(SERVICES, body(**name))).entry.data)["spec"]
    assert "clusterIP" not in gone
    assert "nodePort" not in gone["ports"][0]
    back = json.loads((await world.put(SERVICES, body())).entry.data)["spec"]
    assert back["clusterIP"]


async def test_more_than_there_is(world: World) -> None:
    """Services of both families are refused in Kubernetes' words."""
    with pytest.raises(Invalid, match="this cluster is not configured for dual-stack services"):
        await made(world, ipFamilyPolicy="RequireDualStack")
    with pytest.raises(Invalid, match=r"spec.ipFamilies\[0\]: Invalid value: \"IPv6\": not configured"):
        await made(world, ipFamilies=["IPv6"])
