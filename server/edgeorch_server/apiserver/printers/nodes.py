"""Nodes: ``printNode``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from edgeorch_server.apiserver.printers.columns import (
    AGE,
    NAME,
    NONE,
    UNKNOWN,
    Column,
    JsonObject,
    Printer,
    age_of,
    name_of,
)

_COLUMNS = (
    NAME,
    Column("Status", "Whether the node is ready, and whether pods are scheduled to it."),
    Column("Roles", "Roles of the node, from its labels."),
    AGE,
    Column("Version", "Version of the node's agent."),
    Column("Internal-IP", "Address of the node in the cluster's network.", priority=1),
    Column("External-IP", "Address of the node outside of it.", priority=1),
    Column("OS-Image", "Operating system of the node.", priority=1),
    Column("Kernel-Version", "Kernel of the node.", priority=1),
    Column("Container-Runtime", "Container runtime of the node and its version.", priority=1),
)

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"


def _cells(node: JsonObject, now: dt.datetime) -> list[Any]:
    status = node.get("status") or {}
    info = status.get("nodeInfo") or {}
    return [
        name_of(node),
        _status(node),
        ",".join(_roles(node)) or NONE,
        age_of(node, now),
        info.get("kubeletVersion") or "",
        _address(status, "InternalIP"),
        _address(status, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _status(node: JsonObject) -> str:
    conditions = (node.get("status") or {}).get("conditions") or ()
    ready = next((c for c in conditions if c.get("type") == "Ready"), None)
    word = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return f"{word},SchedulingDisabled" if (node.get("spec") or {}).get("unschedulable") else word


def _roles(node: JsonObject) -> list[str]:
    labels = (node.get("metadata") or {}).get("labels") or {}
    roles = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    roles.add(labels.get(_ROLE_LABEL) or "")
    return sorted(roles - {""})


def _address(status: JsonObject, kind: str) -> str:
    found = (a.get("address") for a in status.get("addresses") or () if a.get("type") == kind)
    return next(found, None) or NONE


NODES = Printer(_COLUMNS, _cells)
