"""Tables of Services, Endpoints and EndpointSlices."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from edgeorch.api.core.resources import ENDPOINTS, SERVICES
from edgeorch.api.discovery.resources import ENDPOINT_SLICES
from edgeorch_server.apiserver.printers import KubernetesPrinter

PRINTER = KubernetesPrinter(lambda: dt.datetime(2026, 5, 1, 12, 0, 0, tzinfo=dt.UTC))
META = {"name": "web", "creationTimestamp": "2026-04-28T08:00:00Z"}
HTTP = {"port": 80, "protocol": "TCP"}


@pytest.mark.parametrize(
    ("spec", "status", "cells"),
    [
        pytest.param(
            {
                "type": "ClusterIP",
                "clusterIPs": ["10.43.1.1"],
                "ports": [HTTP],
                "selector": {"b": "c", "a": "b"},
            },
            {},
            ["ClusterIP", "10.43.1.1", "<none>", "80/TCP", "a=b,b=c"],
            id="plain",
        ),
        pytest.param(
            {"type": "NodePort", "clusterIPs": ["10.43.1.1"], "ports": [{**HTTP, "nodePort": 30080}]},
            {},
            ["NodePort", "10.43.1.1", "<none>", "80:30080/TCP", "<none>"],
            id="node port",
        ),
        pytest.param(
            {"type": "LoadBalancer", "clusterIPs": ["10.43.1.1"], "ports": [HTTP]},
            {},
            ["LoadBalancer", "10.43.1.1", "<pending>", "80/TCP", "<none>"],
            id="pending",
        ),
        pytest.param(
            {
                "type": "LoadBalancer",
                "clusterIPs": ["10.43.1.1"],
                "ports": [HTTP],
                "externalIPs": ["192.0.2.9"],
            },
            {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
            ["LoadBalancer", "10.43.1.1", "192.0.2.1,192.0.2.9", "80/TCP", "<none>"],
            id="balanced",
        ),
        pytest.param(
            {"type": "ExternalName", "externalName": "a.example"},
            {},
            ["ExternalName", "<none>", "a.example", "<none>", "<none>"],
            id="name",
        ),
    ],
)
def test_services(spec: dict[str, Any], status: dict[str, Any], cells: list[str]) -> None:
    """As ``kubectl get services -o wide`` shows them."""
    row = PRINTER.cells(SERVICES, {"metadata": META, "spec": spec, "status": status})
    assert [*row[1:5], row[6]] == cells
    assert (row[0], row[5]) == ("web", "3d4h")


def test_endpoints() -> None:
    """Three addresses, and the number of the others."""
    addresses = [{"ip": f"10.42.0.{number}"} for number in range(5)]
    body = {"metadata": META, "subsets": [{"addresses": addresses, "ports": [{"port": 80}]}]}
    assert PRINTER.cells(ENDPOINTS, body)[1] == "10.42.0.0:80,10.42.0.1:80,10.42.0.2:80 + 2 more..."
    assert (
        PRINTER.cells(ENDPOINTS, {"metadata": META, "subsets": [{"addresses": addresses[:1]}]})[1]
        == "10.42.0.0"
    )
    assert PRINTER.cells(ENDPOINTS, {"metadata": META})[1] == "<none>"


def test_endpoint_slices() -> None:
    """Ports and addresses, each with the number of those that are not shown."""
    endpoints = [{"addresses": [f"10.42.0.{number}"]} for number in range(4)]
    body = {"metadata": META, "addressType": "IPv4", "ports": [{"port": 80}, {}], "endpoints": endpoints}
    row = PRINTER.cells(ENDPOINT_SLICES, body)
    assert row[1:4] == ["IPv4", "80,*", "10.42.0.0,10.42.0.1,10.42.0.2 + 1 more..."]
    assert PRINTER.cells(ENDPOINT_SLICES, {"metadata": META})[2:4] == ["<unset>", "<unset>"]
