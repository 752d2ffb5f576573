"""Services and what is behind them: ``printService``, ``printEndpoints``, ``printEndpointSlice``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from edgeorch_server.apiserver.printers.columns import (
    AGE,
    NAME,
    NONE,
    Column,
    JsonObject,
    Printer,
    age_of,
    name_of,
)

_MOST = 3
"""Addresses, ports or hosts that are shown; of more only the number."""
_MAX_WAYS = 16
"""Characters of a load balancer's addresses that the narrow form shows."""


def _service(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec = body.get("spec") or {}
    return [
        name_of(body),
        spec.get("type") or "",
        next(iter(spec.get("clusterIPs") or ()), NONE),
        _from_outside(spec, body.get("status") or {}),
        ",".join(_service_port(port) for port in spec.get("ports") or ()) or NONE,
        age_of(body, now),
        ",".join(f"{key}={value}" for key, value in sorted((spec.get("selector") or {}).items())) or NONE,
    ]


def _from_outside(spec: JsonObject, status: JsonObject) -> str:
    given = ",".join(spec.get("externalIPs") or ())
    match spec.get("type"):
        case "ExternalName":
            return str(spec.get("externalName") or "")
        case "LoadBalancer":
            ways = (status.get("loadBalancer") or {}).get("ingress") or ()
            balanced = ",".join(sorted({way.get("ip") or way.get("hostname") or "" for way in ways}))
            if len(balanced) > _MAX_WAYS:
                balanced = f"{balanced[: _MAX_WAYS - 3]}..."
            return ",".join(filter(None, (balanced, given))) or "<pending>"
        case _:
            return given or NONE


def _service_port(port: JsonObject) -> str:
    number, on_node = port.get("port"), port.get("nodePort")
    return f"{number}:{on_node}/{port.get('protocol')}" if on_node else f"{number}/{port.get('protocol')}"


def _endpoints(body: JsonObject, now: dt.datetime) -> list[Any]:
    found = [address for subset in body.get("subsets") or () for address in _of_subset(subset)]
    shown = ",".join(found[:_MOST])
    more = f" + {len(found) - _MOST} more..." if len(found) > _MOST else ""
    return [name_of(body), f"{shown}{more}" or NONE, age_of(body, now)]


def _of_subset(subset: JsonObject) -> Iterator[str]:
    addresses = [str(address.get("ip")) for address in subset.get("addresses") or ()]
    ports = subset.get("ports")
    if not ports:
        yield from addresses
        return
    for port in ports:
        for address in addresses:
            host = f"[{address}]" if ":" in address else address
            yield f"{host}:{port.get('port')}"


def _slice(body: JsonObject, now: dt.datetime) -> list[Any]:
    ports = [str(port["port"]) if port.get("port") else "*" for port in body.get("ports") or ()]
    addresses = [
        address for endpoint in body.get("endpoints") or () for address in endpoint.get("addresses") or ()
    ]
    return [name_of(body), body.get("addressType") or "", _some(ports), _some(addresses), age_of(body, now)]


def _some(words: list[str]) -> str:
    shown = ",".join(words[:_MOST]) or "<unset>"
    return f"{shown} + {len(words) - _MOST} more..." if len(words) > _MOST else shown


SERVICES = Printer(
    (
        NAME,
        Column("Type", "Who can reach it."),
        Column("Cluster-IP", "Its address in the cluster."),
        Column("External-IP", "Its addresses outside of the cluster."),
        Column("Port(s)", "The ports it listens on, and those of the nodes."),
        AGE,
        Column("Selector", "The labels of its pods.", priority=1),
    ),
    _service,
)
ENDPOINTS = Printer((NAME, Column("Endpoints", "Addresses that take traffic."), AGE), _endpoints)
ENDPOINT_SLICES = Printer(
    (
        NAME,
        Column("AddressType", "What kind of addresses it has."),
        Column("Ports", "Ports that are served."),
        Column("Endpoints", "Addresses, in whatever state."),
        AGE,
    ),
    _slice,
)
