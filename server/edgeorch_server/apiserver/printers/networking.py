"""Ingresses, their classes, and policies: ``printIngress``, ``printIngressClass``, ``printNetworkPolicy``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from edgeorch.api.meta import LabelSelector
from edgeorch.api.selectors import Selector
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
"""Hosts that are shown; of more only the number."""


def _ingress(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec, status = body.get("spec") or {}, body.get("status") or {}
    ways = (status.get("loadBalancer") or {}).get("ingress") or ()
    return [
        name_of(body),
        spec.get("ingressClassName") or NONE,
        _hosts(spec),
        ",".join(sorted({way.get("ip") or way.get("hostname") or "" for way in ways})),
        "80, 443" if spec.get("tls") else "80",
        age_of(body, now),
    ]


def _hosts(spec: JsonObject) -> str:
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    if not hosts:
        return "*"
    shown = ",".join(hosts[:_MOST])
    return f"{shown} + {len(hosts) - _MOST} more..." if len(hosts) > _MOST else shown


def _ingress_class(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec = body.get("spec") or {}
    settings = spec.get("parameters")
    shown = NONE
    if settings:
        group = f".{settings['apiGroup']}" if settings.get("apiGroup") else ""
        shown = f"{settings.get('kind')}{group}/{settings.get('name')}"
    return [name_of(body), spec.get("controller") or "", shown, age_of(body, now)]


def _network_policy(body: JsonObject, now: dt.datetime) -> list[Any]:
    selector = (body.get("spec") or {}).get("podSelector") or {}
    return [name_of(body), str(Selector.of(LabelSelector.from_dict(selector))) or NONE, age_of(body, now)]


INGRESSES = Printer(
    (
        NAME,
        Column("Class", "Whose it is."),
        Column("Hosts", "Hosts that are answered for."),
        Column("Address", "Where the world gets in."),
        Column("Ports", "Ports that are answered on."),
        AGE,
    ),
    _ingress,
)
INGRESS_CLASSES = Printer(
    (NAME, Column("Controller", "Who makes them."), Column("Parameters", "Its settings."), AGE), _ingress_class
)
NETWORK_POLICIES = Printer((NAME, Column("Pod-Selector", "Labels of its pods."), AGE), _network_policy)
