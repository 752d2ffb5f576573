"""The rows of autoscalers: what there is of each metric, and what there should be."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from edgeorch_server.apiserver.printers.autoscaling import HORIZONTAL_POD_AUTOSCALERS, POD_METRICS, targets

NOW = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)


def metric(kind: str, target: dict[str, Any], **source: Any) -> dict[str, Any]:
    return {"type": kind, kind[:1].lower() + kind[1:]: {"target": target, **source}}


def status(kind: str, **current: Any) -> dict[str, Any]:
    return {"type": kind, kind[:1].lower() + kind[1:]: {"current": current}}


CPU = metric("Resource", {"averageUtilization": 50}, name="cpu")


@pytest.mark.parametrize(
    ("metrics", "current", "text"),
    [
        ([], [], "<none>"),
        ([CPU], [], "cpu: <unknown>/50%"),
        ([CPU], [{"type": ""}], "cpu: <unknown>/50%"),
        ([CPU], [status("Resource", averageUtilization=0)], "cpu: 0%/50%"),
        (
            [metric("Resource", {"averageValue": "50Mi"}, name="memory")],
            [status("Resource", averageValue="7Mi")],
            "memory: 7Mi/50Mi",
        ),
        (
            [metric("ContainerResource", {"averageUtilization": 5}, name="cpu", container="c")],
            [status("ContainerResource", averageUtilization=4)],
            "cpu: 4%/5%",
        ),
        ([metric("Pods", {"averageValue": "5"})], [], "<unknown>/5"),
        ([metric("Object", {"value": "5"})], [status("Object", value="3")], "3/5"),
        ([metric("External", {"averageValue": "5"})], [], "<unknown>/5 (avg)"),
        ([CPU, CPU, CPU, CPU], [], "cpu: <unknown>/50%, cpu: <unknown>/50% + 2 more..."),
        ([{"type": "Robot"}], [], "<unknown type>"),
    ],
    ids=[
        "none",
        "not yet",
        "failed",
        "cpu",
        "memory",
        "container",
        "pods",
        "object",
        "external",
        "many",
        "other",
    ],
)
def test_targets(metrics: list[dict[str, Any]], current: list[dict[str, Any]], text: str) -> None:
    """``formatHPAMetrics``."""
    assert targets(metrics, current) == text


def test_a_row() -> None:
    """NAME, REFERENCE, TARGETS, MINPODS, MAXPODS, REPLICAS and AGE."""
    body = {
        "metadata": {"name": "web", "creationTimestamp": "2026-05-01T11:00:00Z"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 5, "metrics": [CPU]},
        "status": {"currentReplicas": 3},
    }
    row = HORIZONTAL_POD_AUTOSCALERS.cells(body, NOW)
    assert row == ["web", "Deployment/web", "cpu: <unknown>/50%", "<unset>", 5, 3, "60m"]


def test_what_a_pod_uses() -> None:
    """All containers together."""
    containers = [{"name": n, "usage": {"cpu": "1500u", "memory": "1Mi"}} for n in "ab"]
    row = POD_METRICS.cells({"metadata": {"name": "web"}, "window": "15s", "containers": containers}, NOW)
    assert row == ["web", "3m", "2Mi", "15s"]
