"""Metrics of all types, alone and together."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from edgeorch.api.autoscaling.metrics import MetricSpec
from edgeorch_server.controllers.autoscaling.metrics import Failure, Proposal, Situation, evaluate, judge
from edgeorch_server.controllers.autoscaling.pods import ScaledPod
from edgeorch_server.metrics.pod_usage import PodUsage
from edgeorch_server.registry.base import ContainerStats
from edgeorch_server.store.base import Entry

NOW = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)
LONG_AGO = NOW - dt.timedelta(hours=1)
MIB = 1024 * 1024
REQUESTS = {"main": {"cpu": 500, "memory": 100 * MIB * 1000}, "side": {"cpu": 100, "memory": 20 * MIB * 1000}}


def situation(*cores: float, replicas: int = 2, silent: bool = False) -> Situation:
    """Make pods whose main containers use so many processors, and whose sidecars use a tenth of one."""
    names = [f"p{number}" for number in range(len(cores))]
    pods = [ScaledPod(name, "Running", False, True, LONG_AGO, LONG_AGO, REQUESTS) for name in names]  # noqa: FBT003 - deleted, ready
    usages = [
        PodUsage(
            Entry("default", name, 1, b"{}", name, {}, {}),
            NOW,
            dt.timedelta(seconds=15),
            {
                "main": ContainerStats(round(used * 1e9), 50 * MIB),
                "side": ContainerStats(100_000_000, 10 * MIB),
            },
        )
        for name, used in zip(names, cores, strict=True)
    ]
    return Situation("default", replicas, pods, [] if silent else usages, NOW)


def resource(name: str = "cpu", container: str = "", **target: Any) -> MetricSpec:
    kind = "Utilization" if "averageUtilization" in target else "AverageValue"
    source = {"name": name, "target": {"type": kind, **target}}
    if container:
        return MetricSpec.from_dict(
            {"type": "ContainerResource", "containerResource": {**source, "container": container}}
        )
    return MetricSpec.from_dict({"type": "Resource", "resource": source})


def other(kind: str, **source: Any) -> MetricSpec:
    member = kind.lower()
    target = {"type": "AverageValue", "averageValue": "5"}
    return MetricSpec.from_dict(
        {"type": kind, member: {"metric": {"name": "hits"}, "target": target, **source}}
    )


@pytest.mark.parametrize(
    ("metric", "replicas", "name", "current"),
    [
        (
            resource(averageUtilization=50),
            4,
            "cpu resource utilization (percentage of request)",
            {"averageUtilization": 100, "averageValue": "600m"},
        ),
        (resource(averageValue="300m"), 4, "cpu resource", {"averageValue": "600m"}),
        (
            resource("memory", averageUtilization=50),
            2,
            "memory resource utilization (percentage of request)",
            {"averageUtilization": 50, "averageValue": str(60 * MIB)},
        ),
        (resource("memory", averageValue="30Mi"), 4, "memory resource", {"averageValue": str(60 * MIB)}),
        (
            resource(container="side", averageUtilization=50),
            4,
            "cpu container resource utilization (percentage of request)",
            {"averageUtilization": 100, "averageValue": "100m"},
        ),
    ],
    ids=["utilization", "value", "memory", "memory value", "one container"],
)
def test_resources(metric: MetricSpec, replicas: int, name: str, current: dict[str, Any]) -> None:
    """What the pods, or one container of them, use against what they request or should use."""
    found = evaluate(metric, situation(0.5, 0.5))
    assert isinstance(found, Proposal)
    assert (found.replicas, found.metric) == (replicas, name)
    [status] = [found.status.resource or found.status.containerResource]
    assert status is not None
    assert status.current.to_dict() == current


_CUSTOM = (
    "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"
)
_EXTERNAL = (
    "unable to fetch metrics from external metrics API: "
    "no external metrics API (external.metrics.k8s.io) registered"
)


@pytest.mark.parametrize(
    ("metric", "given", "reason", "message", "begin"),
    [
        pytest.param(
            resource(averageUtilization=50),
            situation(1, silent=True),
            "FailedGetResourceMetric",
            "failed to get cpu utilization: unable to get metrics for resource cpu: "
            "no metrics returned from resource metrics API",
            "failed to get cpu resource metric value: ",
            id="nothing measured",
        ),
        pytest.param(
            resource("nvidia.com/gpu", averageValue="1"),
            situation(1),
            "FailedGetResourceMetric",
            "failed to get nvidia.com/gpu usage: did not receive metrics for targeted pods (pods might be unready)",
            "failed to get nvidia.com/gpu resource metric value: ",
            id="a resource nobody measures",
        ),
        pytest.param(
            resource(container="gone", averageUtilization=50),
            situation(1),
            "FailedGetContainerResourceMetric",
            "failed to get cpu utilization: unable to get metrics for resource cpu: failed to get container "
            "metrics: container gone not present in metrics for pod default/p0",
            "failed to get cpu container metric value: ",
            id="no such container",
        ),
        pytest.param(
            other("Pods"),
            situation(1),
            "FailedGetPodsMetric",
            f"unable to get metric hits: {_CUSTOM}",
            "failed to get pods metric value: ",
            id="Pods",
        ),
        pytest.param(
            other("Object", describedObject={"kind": "Ingress", "name": "main"}),
            situation(1),
            "FailedGetObjectMetric",
            f"unable to get metric hits: Ingress on default main/{_CUSTOM}",
            "failed to get object metric value: ",
            id="Object",
        ),
        pytest.param(
            other("External"),
            situation(1),
            "FailedGetExternalMetric",
            f"unable to get external metric default/hits/nil: {_EXTERNAL}",
            "failed to get hits external metric value: ",
            id="External",
        ),
    ],
)
def test_metrics_that_fail(metric: MetricSpec, given: Situation, reason: str, message: str, begin: str) -> None:
    """Reasons and messages are Kubernetes', those of a cluster without custom metrics among them."""
    assert evaluate(metric, given) == Failure(reason, message, begin + message)


BUSY, IDLE, BROKEN = resource(averageUtilization=50), resource(averageUtilization=400), other("Pods")


@pytest.mark.parametrize(
    ("metrics", "replicas", "reason", "error"),
    [
        pytest.param([IDLE, BUSY], 4, "ValidMetricFound", "", id="the one that wants most"),
        pytest.param([BROKEN, BUSY], 4, "ValidMetricFound", "1 invalid out of 2", id="up with what works"),
        pytest.param(
            [BROKEN, IDLE], None, "FailedGetPodsMetric", "1 invalid out of 2", id="not down with half"
        ),
        pytest.param([BROKEN, BROKEN], None, "FailedGetPodsMetric", "2 invalid out of 2", id="all fail"),
    ],
)
def test_several(metrics: list[MetricSpec], replicas: int | None, reason: str, error: str) -> None:
    """With metrics that cannot be fetched "scale down is skipped"; scaling up is still possible."""
    found = judge(metrics, situation(0.5, 0.5))
    assert (found.replicas, found.reason) == (replicas, reason)
    assert error in found.error
    assert [bool(status.type) for status in found.statuses] == [metric is not BROKEN for metric in metrics]
    if replicas is None:
        assert found.message == (
            f"the HPA was unable to compute the replica count: unable to get metric hits: {_CUSTOM}"
        )
    else:
        assert found.message == (
            "the HPA was able to successfully calculate a replica count from "
            "cpu resource utilization (percentage of request)"
        )
