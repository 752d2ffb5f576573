"""Where the Service is that a webhook is configured with.

Agents do not forward Services yet, so the control plane connects to one of the endpoints itself, as Kubernetes'
does with endpoint routing (``proxy.ResolveEndpoint``). It must be able to reach them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from edgeorch.api.admissionregistration.webhooks import ServiceReference
from edgeorch.api.core.endpoints import Endpoints
from edgeorch.api.core.resources import ENDPOINTS, SERVICES
from edgeorch.api.core.service import EXTERNAL_NAME, Service
from edgeorch.api.discovery.endpoint_slice import SERVICE_NAME, EndpointSlice
from edgeorch.api.discovery.resources import ENDPOINT_SLICES
from edgeorch_server.registry.admission.base import Lookup
from edgeorch_server.registry.messages import quote
from edgeorch_server.webhooks.failures import CallFailed

HTTPS = 443


def resolve(objects: Lookup, reference: ServiceReference) -> tuple[str, int]:
    """Give host and port of an endpoint that is ready; raises CallFailed, which says what is missing."""
    name, namespace, port = reference.name, reference.namespace, reference.port or HTTPS
    service = objects.find(SERVICES, namespace, name)
    if service is None:
        raise CallFailed(f"service {quote(name)} not found")
    if service.spec.type == EXTERNAL_NAME:
        return service.spec.externalName, port
    port_name = _port_name(service, port)
    addresses = list(_addresses(objects, service, port_name))
    if not addresses:
        raise CallFailed(
            f"no endpoints available for service {quote(name)}: "
            f"no EndpointSlice or Endpoints of it in namespace {namespace} has a ready address for port {port}"
        )
    return random.choice(addresses)  # noqa: S311 - a share of the load, not a secret


def _port_name(service: Service, number: int) -> str:
    for port in service.spec.ports:
        if port.port == number:
            return port.name
    raise CallFailed(f"no service port {number} found for service {quote(service.metadata.name)}")


def _addresses(objects: Lookup, service: Service, port: str) -> Iterator[tuple[str, int]]:
    meta = service.metadata
    slices = objects.list(ENDPOINT_SLICES, meta.namespace)
    found = [one for one in slices if one.metadata.labels.get(SERVICE_NAME) == meta.name]
    if found:
        for one in found:
            yield from _of_slice(one, port)
        return
    endpoints = objects.find(ENDPOINTS, meta.namespace, meta.name)
    if endpoints:
        yield from _of_endpoints(endpoints, port)


def _of_slice(one: EndpointSlice, port: str) -> Iterator[tuple[str, int]]:
    numbers = [p.port for p in one.ports if (p.name or "") == port and p.port is not None]
    for endpoint in one.endpoints:
        if endpoint.conditions.ready is not False and endpoint.addresses:
            for number in numbers:
                yield endpoint.addresses[0], number


def _of_endpoints(endpoints: Endpoints, port: str) -> Iterator[tuple[str, int]]:
    for subset in endpoints.subsets:
        for number in (p.port for p in subset.ports if p.name == port):
            for address in subset.addresses:
                yield address.ip, number
