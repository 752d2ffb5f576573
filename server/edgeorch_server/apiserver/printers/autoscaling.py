"""HorizontalPodAutoscalers and what is measured: ``printHorizontalPodAutoscaler``, and metrics-server's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from edgeorch.api import resource_math
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

_SHOWN = 2
"""Metrics that are named; of more only the number is told."""


def _autoscaler(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec, status = body.get("spec") or {}, body.get("status") or {}
    target = spec.get("scaleTargetRef") or {}
    fewest = spec.get("minReplicas")
    return [
        name_of(body),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        targets(spec.get("metrics") or [], status.get("currentMetrics") or []),
        "<unset>" if fewest is None else str(fewest),
        spec.get("maxReplicas") or 0,
        status.get("currentReplicas") or 0,
        age_of(body, now),
    ]


def targets(metrics: Sequence[JsonObject], current: Sequence[JsonObject]) -> str:
    """Write what there is and what there should be of each metric (``formatHPAMetrics``)."""
    if not metrics:
        return NONE
    texts = [
        _target(metric, current[number] if number < len(current) else {})
        for number, metric in enumerate(metrics[:_SHOWN])
    ]
    more = len(metrics) - _SHOWN
    return ", ".join(texts) + (f" + {more} more..." if more > 0 else "")


def _target(metric: JsonObject, status: JsonObject) -> str:
    kind = str(metric.get("type", ""))
    member = kind[:1].lower() + kind[1:]
    source = metric.get(member) or {}
    target = source.get("target") or {}
    now = (status.get(member) or {}).get("current") or {}
    match kind:
        case "Resource" | "ContainerResource":
            name = source.get("name", "")
            if target.get("averageValue") is not None:
                return f"{name}: {now.get('averageValue', UNKNOWN)}/{target['averageValue']}"
            return f"{name}: {_percent(now, UNKNOWN)}/{_percent(target, '<auto>')}"
        case "Pods":
            return f"{now.get('averageValue', UNKNOWN)}/{target.get('averageValue', '')}"
        case "Object" | "External":
            if target.get("averageValue") is not None:
                return f"{now.get('averageValue', UNKNOWN)}/{target['averageValue']} (avg)"
            return f"{now.get('value', UNKNOWN)}/{target.get('value', '')}"
    return "<unknown type>"


def _percent(values: JsonObject, otherwise: str) -> str:
    percent = values.get("averageUtilization")
    return otherwise if percent is None else f"{percent}%"


HORIZONTAL_POD_AUTOSCALERS = Printer(
    (
        NAME,
        Column("Reference", "The workload that is scaled."),
        Column("Targets", "What is measured, and what it should be."),
        Column("MinPods", "The fewest pods."),
        Column("MaxPods", "The most pods.", type="integer"),
        Column("Replicas", "Pods that are wanted now.", type="integer"),
        AGE,
    ),
    _autoscaler,
)


def _node_metrics(body: JsonObject, _now: dt.datetime) -> list[Any]:
    usage = body.get("usage") or {}
    return [name_of(body), usage.get("cpu", ""), usage.get("memory", ""), body.get("window", "")]


def _pod_metrics(body: JsonObject, _now: dt.datetime) -> list[Any]:
    containers = body.get("containers") or []
    usage = resource_math.render(
        resource_math.total(resource_math.parse(c.get("usage") or {}) for c in containers)
    )
    return [name_of(body), usage.get("cpu", "0"), usage.get("memory", "0"), body.get("window", "")]


_MEASURED = (
    NAME,
    Column("CPU", "Processors in use."),
    Column("Memory", "Memory in use."),
    Column("Window", "The time over which processor time was counted."),
)

NODE_METRICS = Printer(_MEASURED, _node_metrics)
POD_METRICS = Printer(_MEASURED, _pod_metrics)
