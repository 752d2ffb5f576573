"""Defaults and validation of HorizontalPodAutoscalers, in Kubernetes' words."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.autoscaling.defaults import default_horizontal_pod_autoscaler
from edgeorch.api.autoscaling.horizontal_pod_autoscaler import HorizontalPodAutoscaler
from edgeorch.api.autoscaling.validation import (
    validate_horizontal_pod_autoscaler,
    validate_horizontal_pod_autoscaler_status_update,
)

TARGET = {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}


def hpa(**spec: Any) -> HorizontalPodAutoscaler:
    body = {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"scaleTargetRef": TARGET, "maxReplicas": 5, **spec},
    }
    made = HorizontalPodAutoscaler.from_dict(body)
    default_horizontal_pod_autoscaler(made)
    return made


def test_defaults() -> None:
    """One pod at least, 80 per cent of the processor time; no behaviour unless one is given."""
    made = hpa()
    assert made.spec.to_dict() == {
        "scaleTargetRef": TARGET,
        "minReplicas": 1,
        "maxReplicas": 5,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
            }
        ],
    }
    assert validate_horizontal_pod_autoscaler(made) == []


def test_a_behaviour_is_completed() -> None:
    """Both directions get what is missing; the window downwards is the controller's to choose."""
    rules = {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}
    assert hpa(behavior={"scaleDown": rules}).spec.to_dict()["behavior"] == {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [
                {"type": "Pods", "value": 4, "periodSeconds": 15},
                {"type": "Percent", "value": 100, "periodSeconds": 15},
            ],
        },
        "scaleDown": {"selectPolicy": "Max", **rules},
    }


def test_twice_is_once() -> None:
    """Defaulting what has its defaults changes nothing."""
    made = hpa(behavior={})
    again = made.model_copy(deep=True)
    default_horizontal_pod_autoscaler(again)
    assert again == made


def metric(kind: str = "Resource", **source: Any) -> dict[str, Any]:
    member = kind[:1].lower() + kind[1:]
    return {"metrics": [{"type": kind, member: source}]}


def target(kind: str = "Utilization", **numbers: Any) -> dict[str, Any]:
    return {"type": kind, **numbers}


HITS = {"name": "hits"}
RULE = {"type": "Pods", "value": 1, "periodSeconds": 60}


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param(
            {"minReplicas": 0},
            ["spec.minReplicas: Invalid value: 0: must be greater than or equal to 1"],
            id="zero",
        ),
        pytest.param(
            {"maxReplicas": 0},
            [
                "spec.maxReplicas: Invalid value: 0: must be greater than 0",
                "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
            ],
            id="no maximum",
        ),
        pytest.param(
            {"minReplicas": 6},
            ["spec.maxReplicas: Invalid value: 5: must be greater than or equal to `minReplicas`"],
            id="crossed",
        ),
        pytest.param(
            {"scaleTargetRef": {"kind": "", "name": "a/b"}},
            [
                "spec.scaleTargetRef.kind: Required value",
                """spec.scaleTargetRef.name: Invalid value: "a/b": may not contain '/'""",
            ],
            id="no target",
        ),
        pytest.param(
            {"metrics": [{"type": "Robot"}]},
            [
                (
                    'spec.metrics[0].type: Unsupported value: "Robot": supported values: "ContainerResource", '
                    '"External", "Object", "Pods", "Resource"'
                )
            ]
            * 2,
            id="a metric of no type",
        ),
        pytest.param(
            {"metrics": [{"type": "Resource"}]},
            ["spec.metrics[0].resource: Required value: must populate information for the given metric source"],
            id="nothing given",
        ),
        pytest.param(
            {
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": target(averageUtilization=5)},
                        "pods": {"metric": HITS, "target": target("AverageValue", averageValue="1")},
                    }
                ]
            },
            ["spec.metrics[0].pods: Forbidden: must populate the given metric source only"],
            id="two given",
        ),
        pytest.param(
            metric(name="", target=target("")),
            [
                "spec.metrics[0].resource.name: Required value: must specify a resource name",
                "spec.metrics[0].resource.target.type: Required value: must specify a metric target type",
                (
                    'spec.metrics[0].resource.target.type: Invalid value: "": must be either Utilization, Value, '
                    "or AverageValue"
                ),
                (
                    "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target "
                    "raw value or a target utilization"
                ),
            ],
            id="an empty resource",
        ),
        pytest.param(
            metric(name="cpu", target=target(averageUtilization=0, averageValue="-1")),
            [
                'spec.metrics[0].resource.target.averageValue: Invalid value: "-1": must be positive',
                "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
                (
                    "spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value "
                    "and a target utilization"
                ),
            ],
            id="both targets, both wrong",
        ),
        pytest.param(
            metric("ContainerResource", name="robots", container="", target=target(averageUtilization=5)),
            [
                (
                    'spec.metrics[0].containerResource.name: Invalid value: "robots": must be a standard resource '
                    "type or fully qualified"
                ),
                (
                    'spec.metrics[0].containerResource.name: Invalid value: "robots": must be a standard resource '
                    "for containers"
                ),
                "spec.metrics[0].containerResource.container: Required value: must specify a container",
            ],
            id="a container without name",
        ),
        pytest.param(
            metric("Pods", metric={"name": ""}, target=target("Value", value="1")),
            [
                "spec.metrics[0].pods.metric.name: Required value: must specify a metric name",
                (
                    "spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target "
                    "averageValue"
                ),
            ],
            id="pods",
        ),
        pytest.param(
            metric("Object", metric=HITS, describedObject={"kind": "I", "name": ""}, target=target("Value")),
            [
                "spec.metrics[0].object.describedObject.name: Required value",
                (
                    "spec.metrics[0].object.target.averageValue: Required value: must set either a target value or "
                    "averageValue"
                ),
            ],
            id="object",
        ),
        pytest.param(
            metric("External", metric=HITS, target=target("Value", value="1", averageValue="1")),
            [
                (
                    "spec.metrics[0].external.target.value: Forbidden: may not set both a target value for metric "
                    "and a per-pod target"
                )
            ],
            id="external",
        ),
        pytest.param(
            {"behavior": {"scaleUp": {"stabilizationWindowSeconds": -1, "selectPolicy": "Fastest"}}},
            [
                (
                    "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: -1: must be greater than or "
                    "equal to zero"
                ),
                (
                    'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Fastest": supported values: "Disabled", '
                    '"Max", "Min"'
                ),
            ],
            id="a window before now",
        ),
        pytest.param(
            {
                "behavior": {
                    "scaleDown": {
                        "stabilizationWindowSeconds": 3601,
                        "policies": [
                            RULE | {"type": "Cars", "value": 0, "periodSeconds": 1801},
                            RULE | {"periodSeconds": 0},
                        ],
                    }
                }
            },
            [
                (
                    "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or "
                    "equal to 3600"
                ),
                (
                    'spec.behavior.scaleDown.policies[0].type: Unsupported value: "Cars": supported values: '
                    '"Percent", "Pods"'
                ),
                "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
                (
                    "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or "
                    "equal to 1800"
                ),
                "spec.behavior.scaleDown.policies[1].periodSeconds: Invalid value: 0: must be greater than zero",
            ],
            id="absurd numbers",
        ),
    ],
)
def test_what_is_refused(spec: dict[str, Any], errors: list[str]) -> None:
    """``ValidateHorizontalPodAutoscaler``."""
    assert [str(error) for error in validate_horizontal_pod_autoscaler(hpa(**spec))] == errors


def test_a_status_counts_from_zero() -> None:
    """``ValidateHorizontalPodAutoscalerStatusUpdate``."""
    new, old = hpa(), hpa()
    new.status.currentReplicas = -1
    assert [str(error) for error in validate_horizontal_pod_autoscaler_status_update(new, old)] == [
        "status.currentReplicas: Invalid value: -1: must be greater than or equal to 0"
    ]
