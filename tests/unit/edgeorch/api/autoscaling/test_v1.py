"""autoscaling/v1: the same objects, and nothing of them is lost on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgeorch.api.autoscaling import v1
from edgeorch.api.autoscaling.horizontal_pod_autoscaler import HorizontalPodAutoscaler

TARGET = {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}


def cpu(percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def stored(status: dict[str, Any] | None = None, **spec: Any) -> HorizontalPodAutoscaler:
    return HorizontalPodAutoscaler.from_dict(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "annotations": {"mine": "1"}},
            "spec": {"scaleTargetRef": TARGET, "minReplicas": 2, "maxReplicas": 5, **spec},
            "status": {"desiredReplicas": 3, "currentReplicas": 2, **(status or {})},
        }
    )


def test_processor_time_has_a_field() -> None:
    """What v1 can say, it says without annotations."""
    current = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 44}}}
    shown = v1.from_v2(stored({"lastScaleTime": "2026-05-01T12:00:00Z"}, metrics=[cpu(50)]))
    assert shown.to_dict() == {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "annotations": {"mine": "1"}},
        "spec": {
            "scaleTargetRef": TARGET,
            "minReplicas": 2,
            "maxReplicas": 5,
            "targetCPUUtilizationPercentage": 50,
        },
        "status": {"lastScaleTime": "2026-05-01T12:00:00Z", "currentReplicas": 2, "desiredReplicas": 3},
    }
    assert v1.from_v2(stored({"currentMetrics": [current]})).status.currentCPUUtilizationPercentage == 44


MEMORY = {
    "type": "Resource",
    "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "50Mi"}},
}
SIDE = {
    "type": "ContainerResource",
    "containerResource": {
        "name": "cpu",
        "container": "side",
        "target": {"type": "Utilization", "averageUtilization": 9},
    },
}
PODS = {
    "type": "Pods",
    "pods": {
        "metric": {"name": "hits", "selector": {"matchLabels": {"a": "b"}}},
        "target": {"type": "AverageValue", "averageValue": "5"},
    },
}
OBJECT = {
    "type": "Object",
    "object": {
        "metric": {"name": "hits"},
        "describedObject": {"kind": "Ingress", "name": "i"},
        "target": {"type": "Value", "value": "5k"},
    },
}
EXTERNAL = {"type": "External", "external": {"metric": {"name": "queue", "selector": {"matchLabels": {"a": "b"}}}, "target": {"type": "AverageValue", "averageValue": "5"}}}  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "written"),
    [
        (MEMORY, {"type": "Resource", "resource": {"name": "memory", "targetAverageValue": "50Mi"}}),
        (
            SIDE,
            {
                "type": "ContainerResource",
                "containerResource": {"name": "cpu", "container": "side", "targetAverageUtilization": 9},
            },
        ),
        (
            PODS,
            {
                "type": "Pods",
                "pods": {
                    "metricName": "hits",
                    "selector": {"matchLabels": {"a": "b"}},
                    "targetAverageValue": "5",
                },
            },
        ),
        (
            OBJECT,
            {
                "type": "Object",
                "object": {
                    "metricName": "hits",
                    "target": {"kind": "Ingress", "name": "i"},
                    "targetValue": "5k",
                },
            },
        ),
        (
            EXTERNAL,
            {
                "type": "External",
                "external": {
                    "metricName": "queue",
                    "metricSelector": {"matchLabels": {"a": "b"}},
                    "targetAverageValue": "5",
                },
            },
        ),
    ],
    ids=["memory", "one container", "pods", "object", "external"],
)
def test_other_metrics_are_annotations(metric: dict[str, Any], written: dict[str, Any]) -> None:
    """As Kubernetes writes them, which is as autoscaling/v2beta1 did; and back."""
    before = stored(metrics=[metric, cpu(70)])
    shown = v1.from_v2(before)
    assert shown.spec.targetCPUUtilizationPercentage == 70
    assert json.loads(shown.metadata.annotations[v1.METRICS]) == [written]
    assert v1.to_v2(shown) == before


def test_all_the_rest_comes_back() -> None:
    """Behaviour, conditions and what was measured survive a PUT through v1."""
    before = stored(
        {
            "conditions": [{"type": "AbleToScale", "status": "True", "reason": "R", "message": "m"}],
            "currentMetrics": [
                {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 4, "averageValue": "9m"}}},
                {"type": "Pods", "pods": {"metric": {"name": "hits"}, "current": {"averageValue": "3"}}},
                {"type": "Object", "object": {"metric": {"name": "h"}, "describedObject": {"kind": "I", "name": "i"}, "current": {"value": "3"}}},
                {"type": "External", "external": {"metric": {"name": "h"}, "current": {"averageValue": "3"}}},
            ],
        },
        metrics=[cpu(50)],
        behavior={"scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [{"type": "Pods", "value": 1, "periodSeconds": 5}]}},
    )  # fmt: skip
    shown = v1.from_v2(before)
    assert {*shown.metadata.annotations} == {"mine", v1.BEHAVIOR, v1.CONDITIONS, v1.CURRENT_METRICS}
    assert v1.to_v2(shown) == before


@pytest.mark.parametrize(
    "text", ["", "{", "5", "null", "[1]", '[{"type":"Robot"}]', '[{"type":"Pods"}]', '{"a":1}']
)
@pytest.mark.parametrize("name", [v1.METRICS, v1.CURRENT_METRICS])
def test_nonsense_in_annotations_is_dropped(name: str, text: str) -> None:
    """A client may write anything there; what is no metric counts for nothing, and does not stay."""
    shown = v1.from_v2(stored(metrics=[cpu(50)]))
    shown.metadata.annotations[name] = text
    assert v1.to_v2(shown) == stored(metrics=[cpu(50)])


def test_a_plain_v1_object() -> None:
    """What ``kubectl autoscale`` up to 1.32 sends."""
    given = v1.HorizontalPodAutoscaler.from_dict(
        {"spec": {"scaleTargetRef": TARGET, "maxReplicas": 5, "targetCPUUtilizationPercentage": 50}}
    )
    assert v1.to_v2(given).spec.to_dict() == {"scaleTargetRef": TARGET, "maxReplicas": 5, "metrics": [cpu(50)]}
