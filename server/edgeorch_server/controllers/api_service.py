"""The Service ``kubernetes``: how pods reach the API (``pkg/controlplane/controller/kubernetesservice``)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from edgeorch.api.core.endpoints import EndpointAddress, EndpointPort, Endpoints, EndpointSubset
from edgeorch.api.core.resources import ENDPOINTS, SERVICES
from edgeorch.api.core.service import Service, ServicePort, ServiceSpec
from edgeorch.api.discovery import endpoint_slice as slices
from edgeorch.api.discovery.resources import ENDPOINT_SLICES
from edgeorch.api.meta import ObjectMeta
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import Invalid, NotFound
from edgeorch_server.registry.base import Client, ObjectT

NAME, NAMESPACE = "kubernetes", "default"
PORT_NAME, PORT = "https", 443
_LABELS = {"component": "apiserver", "provider": "kubernetes"}
_SKIP_MIRROR = "endpointslice.kubernetes.io/skip-mirror"


async def publish_api_service(client: Client, addresses: Sequence[str], port: int, cluster_ip: str) -> None:
    """Make the Service, and let its endpoints be where the API is served now; no change writes nothing.

    ``addresses`` are the box's own, of which the first that other nodes can use counts. Should somebody have
    the first address of the range already, the Service takes any other.
    """
    try:
        client.get(SERVICES, NAMESPACE, NAME)
    except NotFound:
        try:
            await client.create(SERVICES, _service(port, cluster_ip))
        except Invalid:
            await client.create(SERVICES, _service(port, ""))
    usable = [text for text in addresses if _usable(text)][:1]
    await _put(client, ENDPOINTS, _endpoints(usable, port))
    await _put(client, ENDPOINT_SLICES, _slice(usable, port))


async def _put(client: Client, resource: ResourceInfo[ObjectT], wanted: ObjectT) -> None:
    try:
        client.get(resource, NAMESPACE, NAME)
    except NotFound:
        await client.create(resource, wanted)
    else:
        await client.update(resource, wanted)


def _usable(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return address.version == 4 and not (address.is_loopback or address.is_link_local)  # noqa: PLR2004 (IPv4)


def _service(port: int, cluster_ip: str) -> Service:
    ports = [ServicePort(name=PORT_NAME, protocol="TCP", port=PORT, targetPort=port)]
    return Service(
        metadata=ObjectMeta(name=NAME, namespace=NAMESPACE, labels=dict(_LABELS)),
        spec=ServiceSpec(ports=ports, clusterIP=cluster_ip, type="ClusterIP"),
    )


def _endpoints(addresses: Sequence[str], port: int) -> Endpoints:
    subset = EndpointSubset(
        addresses=[EndpointAddress(ip=text) for text in addresses],
        ports=[EndpointPort(name=PORT_NAME, port=port, protocol="TCP")],
    )
    meta = ObjectMeta(name=NAME, namespace=NAMESPACE, labels={_SKIP_MIRROR: "true"})
    return Endpoints(metadata=meta, subsets=[subset] if addresses else [])


def _slice(addresses: Sequence[str], port: int) -> slices.EndpointSlice:
    return slices.EndpointSlice(
        metadata=ObjectMeta(name=NAME, namespace=NAMESPACE, labels={slices.SERVICE_NAME: NAME}),
        addressType="IPv4",
        endpoints=[
            slices.Endpoint(addresses=[text], conditions=slices.EndpointConditions(ready=True))
            for text in addresses
        ],
        ports=[slices.EndpointPort(name=PORT_NAME, protocol="TCP", port=port)],
    )
