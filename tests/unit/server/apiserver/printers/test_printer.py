"""Tables of all kinds but pods."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from edgeorch.api.autoscaling.resources import SCALES
from edgeorch.api.coordination.resources import LEASES
from edgeorch.api.core.resources import (
    CONFIG_MAPS,
    EVENTS,
    NAMESPACES,
    NODES,
    RESOURCE_QUOTAS,
    SECRETS,
    SERVICE_ACCOUNTS,
)
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.table import served_table
from edgeorch_server.apiserver.printers import KubernetesPrinter
from edgeorch_server.apiserver.printers.printer import PRINTERS

NOW = dt.datetime(2026, 5, 1, 12, 0, 0, tzinfo=dt.UTC)
PRINTER = KubernetesPrinter(lambda: NOW)
META = {"name": "x", "creationTimestamp": "2026-04-28T08:00:00Z"}
AGE = "3d4h"


def row(resource: ResourceInfo[Object], **body: Any) -> list[Any]:
    return PRINTER.cells(resource, {"metadata": META, **body})


def test_namespaces() -> None:
    """NAME STATUS AGE."""
    assert row(NAMESPACES, status={"phase": "Active"}) == ["x", "Active", AGE]


def test_config_maps() -> None:
    """Texts and bytes are counted together."""
    assert row(CONFIG_MAPS, data={"a": "1", "b": "2"}, binaryData={"c": ""}) == ["x", 3, AGE]
    assert row(CONFIG_MAPS) == ["x", 0, AGE]


def test_secrets() -> None:
    """A secret shows its type and how many entries it has, never one of them."""
    assert row(SECRETS, type="Opaque", data={"password": "c2VjcmV0"}) == ["x", "Opaque", 1, AGE]


def test_resource_quotas() -> None:
    """NAME REQUEST LIMIT AGE: used of hard, what limits limits apart from the rest."""
    hard = {"requests.cpu": "2", "limits.cpu": "4", "pods": "5", "limits.memory": "1Gi"}
    used = {"requests.cpu": "500m", "limits.cpu": "1", "pods": "1"}
    assert row(RESOURCE_QUOTAS, status={"hard": hard, "used": used}) == [
        "x",
        "pods: 1/5, requests.cpu: 500m/2",
        "limits.cpu: 1/4, limits.memory: 0/1Gi",
        AGE,
    ]
    assert row(RESOURCE_QUOTAS) == ["x", "", "", AGE]


def test_service_accounts() -> None:
    """NAME SECRETS AGE."""
    assert row(SERVICE_ACCOUNTS, secrets=[{"name": "a"}]) == ["x", 1, AGE]


def test_leases() -> None:
    """NAME HOLDER AGE."""
    assert row(LEASES, spec={"holderIdentity": "pi-1"}) == ["x", "pi-1", AGE]
    assert row(LEASES) == ["x", "", AGE]


@pytest.mark.parametrize(
    ("status", "spec", "expected"),
    [
        ({"conditions": [{"type": "Ready", "status": "True"}]}, {}, "Ready"),
        ({"conditions": [{"type": "Ready", "status": "False"}]}, {}, "NotReady"),
        ({"conditions": [{"type": "Ready", "status": "Unknown"}]}, {}, "NotReady"),
        ({"conditions": [{"type": "MemoryPressure", "status": "True"}]}, {}, "Unknown"),
        ({}, {}, "Unknown"),
        (
            {"conditions": [{"type": "Ready", "status": "True"}]},
            {"unschedulable": True},
            "Ready,SchedulingDisabled",
        ),
    ],
)
def test_node_status(status: dict[str, Any], spec: dict[str, Any], expected: str) -> None:
    """Readiness, and cordoned or not."""
    assert row(NODES, status=status, spec=spec)[1] == expected


def test_node_row() -> None:
    """Roles come from both kinds of labels, addresses from the first of their type."""
    labels = {
        "node-role.kubernetes.io/worker": "",
        "node-role.kubernetes.io/control-plane": "true",
        "node-role.kubernetes.io/": "",
        "kubernetes.io/role": "edge",
    }
    cells = PRINTER.cells(
        NODES,
        {
            "metadata": {**META, "labels": labels},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "addresses": [
                    {"type": "Hostname", "address": "pi"},
                    {"type": "InternalIP", "address": "192.168.1.5"},
                    {"type": "InternalIP", "address": "fd00::5"},
                    {"type": "ExternalIP", "address": "203.0.113.5"},
                ],
                "nodeInfo": {
                    "kubeletVersion": "v1.33.0+edgeorch.0.1.0",
                    "osImage": "Debian GNU/Linux 12 (bookworm)",
                    "kernelVersion": "6.6.31+rpt-rpi-v8",
                    "containerRuntimeVersion": "podman://4.3.1",
                },
            },
        },
    )
    assert cells == [
        "x",
        "Ready",
        "control-plane,edge,worker",
        AGE,
        "v1.33.0+edgeorch.0.1.0",
        "192.168.1.5",
        "203.0.113.5",
        "Debian GNU/Linux 12 (bookworm)",
        "6.6.31+rpt-rpi-v8",
        "podman://4.3.1",
    ]


def test_a_node_of_which_nothing_is_known() -> None:
    """The words for what is missing are Kubernetes'."""
    assert row(NODES) == ["x", "Unknown", "<none>", AGE, "", "<none>", "<none>", *["<unknown>"] * 3]


POD = {"kind": "Pod", "name": "web", "fieldPath": "spec.containers{c}"}


def test_event_row() -> None:
    """Last seen, what, about whom; where and how often with -o wide."""
    cells = row(
        EVENTS,
        type="Warning",
        reason="BackOff",
        message=" Back-off restarting failed container\n",
        involvedObject=POD,
        source={"component": "kubelet", "host": "pi-1"},
        firstTimestamp="2026-05-01T11:00:00Z",
        lastTimestamp="2026-05-01T11:59:00Z",
        count=7,
    )
    assert cells == [
        "60s",
        "Warning",
        "BackOff",
        "pod/web",
        "spec.containers{c}",
        "kubelet, pi-1",
        "Back-off restarting failed container",
        "60m",
        7,
        "x",
    ]


@pytest.mark.parametrize(
    ("event", "last", "first", "count", "source"),
    [
        ({"eventTime": "2026-05-01T11:59:50.123456Z"}, "9s", "9s", 1, ""),
        ({"firstTimestamp": "2026-05-01T11:59:00Z"}, "60s", "60s", 1, ""),
        (
            {
                "eventTime": "2026-05-01T11:00:00.000000Z",
                "series": {"count": 3, "lastObservedTime": "2026-05-01T11:59:30.000000Z"},
            },
            "30s",
            "60m",
            3,
            "",
        ),
        ({"reportingComponent": "a", "reportingInstance": "b"}, "<unknown>", "<unknown>", 1, "a, b"),
        ({"source": {"component": "c"}, "reportingComponent": "a"}, "<unknown>", "<unknown>", 1, "c"),
    ],
)
def test_events_of_both_apis(event: dict[str, Any], last: str, first: str, count: int, source: str) -> None:
    """The times and sources of core events and of events.k8s.io."""
    cells = row(EVENTS, **event)
    assert (cells[0], cells[7], cells[8], cells[5]) == (last, first, count, source)


def test_events_about_things_without_a_name() -> None:
    """The kind alone, in lower case."""
    assert row(EVENTS, involvedObject={"kind": "Node"})[3] == "node"


def test_other_kinds_show_name_and_creation() -> None:
    """The default of Kubernetes' API server, which lets the client compute the age."""
    other = replace(CONFIG_MAPS, group="example.com", plural="widgets")
    assert PRINTER.cells(other, {"metadata": META}) == ["x", "2026-04-28T08:00:00Z"]
    assert PRINTER.cells(other, {}) == ["", "<unknown>"]
    assert [(c["name"], c["type"]) for c in PRINTER.columns(other)] == [
        ("Name", "string"),
        ("Created At", "date"),
    ]


@pytest.mark.parametrize("resource", list(served_table()), ids=lambda resource: resource.key)
def test_every_kind_fills_its_columns(resource: ResourceInfo[Object]) -> None:
    """As many cells as columns, for any kind that is served, however little is set."""
    columns = PRINTER.columns(resource)
    for body in ({}, {"metadata": META}, {"metadata": META, "spec": {}, "status": {}}):
        assert len(PRINTER.cells(resource, body)) == len(columns)
    assert sum(column["format"] == "name" for column in columns) == 1


def test_every_printer_has_a_kind() -> None:
    """No printer is left behind when a kind is renamed."""
    assert set(PRINTERS) <= {resource.key for resource in (*served_table(), SCALES)}
