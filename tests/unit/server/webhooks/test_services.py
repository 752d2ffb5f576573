"""Where the Service of a webhook is, by what is stored of it."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.admissionregistration.webhooks import ServiceReference
from edgeorch.api.core.resources import ENDPOINTS, SERVICES
from edgeorch.api.discovery.resources import ENDPOINT_SLICES
from edgeorch_server.registry.base import WriteOptions
from edgeorch_server.webhooks.failures import CallFailed
from edgeorch_server.webhooks.services import resolve
from tests.unit.server.webhooks.conftest import Cluster

PORTS = [{"name": "web", "port": 80}, {"name": "https", "port": 443}]
PIECE: dict[str, Any] = {
    "metadata": {"name": "hook-1", "labels": {"kubernetes.io/service-name": "hook"}},
    "addressType": "IPv4",
    "endpoints": [
        {"addresses": ["10.42.0.5"], "conditions": {"ready": False}},
        {"addresses": ["10.42.0.6"], "conditions": {"ready": True}},
    ],
    "ports": [{"name": "web", "port": 8080}, {"name": "https", "port": 8443}],
}
LEGACY: dict[str, Any] = {
    "metadata": {"name": "hook"},
    "subsets": [
        {
            "addresses": [{"ip": "10.42.0.7"}],
            "notReadyAddresses": [{"ip": "10.42.0.8"}],
            "ports": [{"name": "https", "port": 9443}],
        }
    ],
}


async def put(cluster: Cluster, **objects: dict[str, Any]) -> None:
    for name, resource in (("service", SERVICES), ("piece", ENDPOINT_SLICES), ("endpoints", ENDPOINTS)):
        if body := objects.get(name):
            await cluster.registry.create_entry(resource, "default", body, WriteOptions())


def service(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "hook"}, "spec": {"ports": PORTS, **spec}}


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param(
            {"service": service(), "piece": PIECE}, ("10.42.0.6", 8443), id="a slice, by its port's name"
        ),
        pytest.param({"service": service(), "endpoints": LEGACY}, ("10.42.0.7", 9443), id="endpoints"),
        pytest.param(
            {"service": service(), "piece": PIECE, "endpoints": LEGACY}, ("10.42.0.6", 8443), id="slices first"
        ),
        pytest.param(
            {"service": service(type="ExternalName", externalName="hook.example.com")},
            ("hook.example.com", 443),
            id="a name elsewhere",
        ),
    ],
)
async def test_an_endpoint_that_is_ready(
    cluster: Cluster, objects: dict[str, Any], expected: tuple[str, int]
) -> None:
    """The port of the Service is found by its name at the endpoints."""
    await put(cluster, **objects)
    assert resolve(cluster.lookup, ServiceReference(namespace="default", name="hook")) == expected


@pytest.mark.parametrize(
    ("objects", "port", "why"),
    [
        pytest.param({}, 443, 'service "hook" not found', id="no Service"),
        pytest.param(
            {"service": service()}, 1, 'no service port 1 found for service "hook"', id="another port"
        ),
        pytest.param(
            {"service": service()}, 443, 'no endpoints available for service "hook": ', id="no endpoints"
        ),
        pytest.param(
            {"service": service(), "piece": {**PIECE, "endpoints": PIECE["endpoints"][:1]}},
            443,
            'no endpoints available for service "hook": ',
            id="none that is ready",
        ),
    ],
)
async def test_what_is_missing_is_said(cluster: Cluster, objects: dict[str, Any], port: int, why: str) -> None:
    """In Kubernetes' words, and here also where it was looked for."""
    await put(cluster, **objects)
    with pytest.raises(CallFailed) as refused:
        resolve(cluster.lookup, ServiceReference(namespace="default", name="hook", port=port))
    assert str(refused.value).startswith(why)
