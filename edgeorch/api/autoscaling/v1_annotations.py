"""Metrics as autoscaling/v1 writes them into annotations: flat, with a name for each combination.

``{"type":"Resource","resource":{"name":"memory","targetAverageValue":"50Mi"}}`` is what autoscaling/v2 calls
``{"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"50Mi"}}}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgeorch.api.autoscaling.metrics import (
    AVERAGE_VALUE,
    CONTAINER_RESOURCE,
    EXTERNAL,
    OBJECT,
    PODS,
    RESOURCE,
    UTILIZATION,
    VALUE,
    MetricSpec,
    MetricStatus,
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Form:
    """How one type of metric is written."""

    member: str
    metric: str = ""
    """What the metric's name is called; empty where there is no :class:`MetricIdentifier`."""
    selector: str = ""
    """What its selector is called."""
    value: str = ""
    average_value: str = ""
    utilization: str = ""
    current_value: str = ""
    current_average: str = ""
    current_utilization: str = ""
    plain: tuple[str, ...] = ()
    """Members that have the same name and meaning in both."""
    described: str = ""
    """What ``describedObject`` is called."""


_RESOURCE = {
    "average_value": "targetAverageValue",
    "utilization": "targetAverageUtilization",
    "current_average": "currentAverageValue",
    "current_utilization": "currentAverageUtilization",
}

_FORMS = {
    RESOURCE: _Form("resource", plain=("name",), **_RESOURCE),
    CONTAINER_RESOURCE: _Form("containerResource", plain=("name", "container"), **_RESOURCE),
    PODS: _Form(
        "pods",
        metric="metricName",
        selector="selector",
        average_value="targetAverageValue",
        current_average="currentAverageValue",
    ),
    OBJECT: _Form(
        "object",
        metric="metricName",
        selector="selector",
        value="targetValue",
        average_value="averageValue",
        current_value="currentValue",
        current_average="averageValue",
        described="target",
    ),
    EXTERNAL: _Form(
        "external",
        metric="metricName",
        selector="metricSelector",
        value="targetValue",
        average_value="targetAverageValue",
        current_value="currentValue",
        current_average="currentAverageValue",
    ),
}


def write_metric(metric: MetricSpec) -> Json:
    """Write a metric of a spec."""
    names = {"value": "value", "averageValue": "average_value", "averageUtilization": "utilization"}
    return _write(metric.to_dict(), "target", names)


def write_status(metric: MetricStatus) -> Json:
    """Write a metric of a status."""
    names = {
        "value": "current_value",
        "averageValue": "current_average",
        "averageUtilization": "current_utilization",
    }
    return _write(metric.to_dict(), "current", names)


def read_metric(flat: Mapping[str, Any]) -> MetricSpec:
    """Read a metric of a spec; raises ValueError, KeyError and ``pydantic.ValidationError``."""
    names = {"value": "value", "averageValue": "average_value", "averageUtilization": "utilization"}
    body, numbers = _read(flat, names)
    kinds = {"averageUtilization": UTILIZATION, "averageValue": AVERAGE_VALUE, "value": VALUE}
    # An object's two numbers may stand together: the one that counts for each pod is the one meant.
    kind = next((kind for name, kind in kinds.items() if numbers.get(name)), "")
    body[_FORMS[flat["type"]].member]["target"] = {"type": kind, **numbers}
    return MetricSpec.from_dict(body)


def read_status(flat: Mapping[str, Any]) -> MetricStatus:
    """Read a metric of a status; raises ValueError, KeyError and ``pydantic.ValidationError``."""
    names = {
        "value": "current_value",
        "averageValue": "current_average",
        "averageUtilization": "current_utilization",
    }
    body, numbers = _read(flat, names)
    body[_FORMS[flat["type"]].member]["current"] = numbers
    return MetricStatus.from_dict(body)


def _write(metric: Json, numbers: str, names: Mapping[str, str]) -> Json:
    form = _FORMS.get(metric["type"])
    source = metric.get(form.member) if form else None
    if form is None or source is None:
        return {"type": metric["type"]}
    flat = {name: source[name] for name in form.plain}
    if form.metric:
        flat[form.metric] = source["metric"]["name"]
        if selector := source["metric"].get("selector"):
            flat[form.selector] = selector
    if form.described:
        flat[form.described] = source["describedObject"]
    for name, value in source[numbers].items():
        if name in names and (written := getattr(form, names[name])):
            flat[written] = value
    return {"type": metric["type"], form.member: flat}


def _read(flat: Mapping[str, Any], names: Mapping[str, str]) -> tuple[Json, Json]:
    form = _FORMS[flat["type"]]
    given = flat[form.member]
    source: Json = {name: given[name] for name in form.plain}
    if form.metric:
        source["metric"] = {"name": given[form.metric]}
        if selector := given.get(form.selector):
            source["metric"]["selector"] = selector
    if form.described:
        source["describedObject"] = given[form.described]
    numbers = {
        name: given[written]
        for name, attribute in names.items()
        if (written := getattr(form, attribute)) and given.get(written) is not None
    }
    return {"type": flat["type"], form.member: source}, numbers
