"""Validation of resource quotas and limit ranges."""

from typing import Any

import pytest

from edgeorch.api.core.defaults import default_limit_range
from edgeorch.api.core.limit_range import LimitRange
from edgeorch.api.core.quota import ResourceQuota
from edgeorch.api.core.validation import (
    validate_limit_range,
    validate_limit_range_update,
    validate_quota,
    validate_quota_status_update,
    validate_quota_update,
)

META = {"name": "x", "namespace": "default"}


def quota(hard: dict[str, str] | None = None, *scopes: str, select: Any = None, **status: Any) -> ResourceQuota:
    spec: dict[str, Any] = {"hard": hard or {}, "scopes": list(scopes)}
    if select is not None:
        spec["scopeSelector"] = {"matchExpressions": [select]}
    return ResourceQuota.from_dict({"metadata": META, "spec": spec, "status": status})


def when(scope: str, operator: str, *values: str) -> dict[str, Any]:
    return {"scopeName": scope, "operator": operator, "values": list(values)}


def texts(errors: Any) -> list[str]:
    return [str(error) for error in errors]


@pytest.mark.parametrize(
    ("made", "errors"),
    [
        pytest.param(quota(), [], id="nothing"),
        pytest.param(
            quota(
                {
                    "cpu": "1",
                    "requests.memory": "1Gi",
                    "limits.cpu": "1500m",
                    "pods": "3",
                    "hugepages-2Mi": "1Gi",
                }
            ),
            [],
            id="compute",
        ),
        pytest.param(
            quota(
                {
                    "count/deployments.apps": "1",
                    "requests.example.com/gpu": "2",
                    "requests.hugepages-2Mi": "1Gi",
                }
            ),
            [],
            id="counts and devices",
        ),
        pytest.param(
            quota({"gpus": "1"}),
            [
                'spec.hard[gpus]: Invalid value: "gpus": must be a standard resource type or fully qualified',
                'spec.hard[gpus]: Invalid value: "gpus": must be a standard resource for quota',
            ],
            id="unknown",
        ),
        pytest.param(
            quota({"storage": "1"}),
            ['spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota'],
            id="not for quota",
        ),
        pytest.param(
            quota({"pods": "-1"}),
            ['spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0'],
            id="negative",
        ),
        pytest.param(
            quota({"pods": "1500m"}),
            ['spec.hard[pods]: Invalid value: "1500m": must be an integer'],
            id="half a pod",
        ),
        pytest.param(quota({"pods": "1"}, "BestEffort"), [], id="a scope"),
        pytest.param(
            quota({"cpu": "1"}, "BestEffort"),
            ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
            id="best effort has no cpu",
        ),
        pytest.param(
            quota({"secrets": "1"}, "NotTerminating"),
            ['spec.scopes: Invalid value: ["NotTerminating"]: unsupported scope applied to resource'],
            id="only pods have scopes",
        ),
        pytest.param(
            quota({"pods": "1"}, "Some"),
            ['spec.scopes: Invalid value: ["Some"]: unsupported scope'],
            id="no scope",
        ),
        pytest.param(
            quota({"pods": "1"}, "Terminating", "NotTerminating"),
            ['spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes'],
            id="conflict",
        ),
        pytest.param(quota({"pods": "1"}, select=when("PriorityClass", "In", "high")), [], id="a class"),
        pytest.param(
            quota({"pods": "1"}, select=when("PriorityClass", "In")),
            [
                (
                    "spec.scopeSelector.matchExpressions.values: Required value: "
                    "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
                )
            ],
            id="in nothing",
        ),
        pytest.param(
            quota({"pods": "1"}, select=when("PriorityClass", "Exists", "high")),
            [
                (
                    'spec.scopeSelector.matchExpressions.values: Invalid value: ["high"]: '
                    "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
                )
            ],
            id="exists with values",
        ),
        pytest.param(
            quota({"pods": "1"}, select=when("PriorityClass", "Gt", "high")),
            [
                'spec.scopeSelector.matchExpressions.operator: Invalid value: "Gt": not a valid selector operator'
            ],
            id="no operator",
        ),
    ],
)
def test_quotas(made: ResourceQuota, errors: list[str]) -> None:
    """Names of resources, amounts and scopes are those that Kubernetes knows."""
    assert texts(validate_quota(made)) == errors


def test_a_scope_that_is_or_is_not() -> None:
    """Best effort is nothing that a pod could be in a list of values."""
    [error] = texts(validate_quota(quota({"pods": "1"}, select=when("BestEffort", "In", "x"))))
    assert error.startswith(
        "spec.scopeSelector.matchExpressions.operator: Invalid value: \"In\": must be 'Exist' when"
    )


def test_scopes_stay() -> None:
    """A quota's scopes cannot change; its limits can, and its status is amounts too."""
    old = quota({"pods": "1"}, "BestEffort")
    assert texts(validate_quota_update(quota({"pods": "2"}, "BestEffort"), old)) == []
    assert texts(validate_quota_update(quota({"pods": "2"}), old)) == [
        "spec.scopes: Invalid value: []: field is immutable"
    ]
    assert texts(validate_quota_status_update(quota(used={"pods": "-1"}), quota())) == [
        'status.used[pods]: Invalid value: "-1": must be greater than or equal to 0'
    ]


def limits(*items: dict[str, Any]) -> LimitRange:
    return LimitRange.from_dict({"metadata": META, "spec": {"limits": list(items)}})


def item(kind: str = "Container", **amounts: Any) -> dict[str, Any]:
    return {"type": kind, **amounts}


FIRST = "spec.limits[0]"


@pytest.mark.parametrize(
    ("items", "errors"),
    [
        pytest.param(
            [
                item(
                    min={"cpu": "100m"},
                    max={"cpu": "1"},
                    default={"cpu": "500m"},
                    defaultRequest={"cpu": "200m"},
                )
            ],
            [],
            id="in order",
        ),
        pytest.param(
            [item("Pod", max={"memory": "1Gi"}, maxLimitRequestRatio={"memory": "2"})], [], id="a pod"
        ),
        pytest.param([item("example.com/thing", max={"storage": "1"})], [], id="a type of one's own"),
        pytest.param(
            [item("Thing")],
            [f'{FIRST}.type: Invalid value: "Thing": must be a standard limit type or fully qualified'],
            id="no type",
        ),
        pytest.param(
            [item(), item()], ['spec.limits[1].type: Duplicate value: "Container"'], id="a type twice"
        ),
        pytest.param(
            [item("Pod", default={"cpu": "1"}, defaultRequest={"cpu": "1"})],
            [
                f"{FIRST}.{field}: Forbidden: may not be specified when `type` is 'Pod'"
                for field in ("default", "defaultRequest")
            ],
            id="defaults of a pod",
        ),
        pytest.param(
            [item(max={"pods": "1"})],
            [f'{FIRST}.max[pods]: Invalid value: "pods": must be a standard resource for containers'],
            id="not of containers",
        ),
        pytest.param(
            [item("PersistentVolumeClaim")],
            [
                (
                    f"{FIRST}.limits: Required value: "
                    "either minimum or maximum storage value is required, but neither was provided"
                )
            ],
            id="a claim without storage",
        ),
        pytest.param(
            [item(min={"cpu": "2"}, max={"cpu": "1"})],
            [f'{FIRST}.min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
            id="min above max",
        ),
        pytest.param(
            [item(min={"cpu": "2"}, defaultRequest={"cpu": "1"})],
            [
                f'{FIRST}.defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1'
            ],
            id="min above request",
        ),
        pytest.param(
            [item(defaultRequest={"cpu": "2"}, max={"cpu": "1"})],
            [
                f'{FIRST}.defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than max value 1'
            ],
            id="request above max",
        ),
        pytest.param(
            [item(defaultRequest={"cpu": "2"}, default={"cpu": "1"})],
            [
                (
                    f'{FIRST}.defaultRequest[cpu]: Invalid value: "2": '
                    "default request value 2 is greater than default limit value 1"
                )
            ],
            id="request above limit",
        ),
        pytest.param(
            [item(min={"cpu": "2"}, default={"cpu": "1"})],
            [f'{FIRST}.default[cpu]: Invalid value: "2": min value 2 is greater than default value 1'],
            id="min above limit",
        ),
        pytest.param(
            [item(default={"cpu": "2"}, max={"cpu": "1"})],
            [f'{FIRST}.default[cpu]: Invalid value: "1": default value 2 is greater than max value 1'],
            id="limit above max",
        ),
        pytest.param(
            [item(maxLimitRequestRatio={"cpu": "500m"})],
            [f'{FIRST}.maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1'],
            id="a ratio below one",
        ),
        pytest.param(
            [item(min={"cpu": "1"}, max={"cpu": "3"}, maxLimitRequestRatio={"cpu": "4"})],
            [
                (
                    f'{FIRST}.maxLimitRequestRatio[cpu]: Invalid value: "4": '
                    "ratio 4 is greater than max/min = 3.000000"
                )
            ],
            id="a ratio beyond the bounds",
        ),
        pytest.param(
            [item(default={"example.com/gpu": "2"}, defaultRequest={"example.com/gpu": "1"})],
            [
                (
                    f'{FIRST}.defaultRequest[example.com/gpu]: Invalid value: "1": '
                    "default value 2 must equal to defaultRequest value 1 in example.com/gpu"
                )
            ],
            id="half a device",
        ),
    ],
)
def test_limit_ranges(items: list[dict[str, Any]], errors: list[str]) -> None:
    """Min <= default request <= default limit <= max, in Kubernetes' words."""
    assert texts(validate_limit_range(limits(*items))) == errors
    assert texts(validate_limit_range_update(limits(*items), limits())) == errors


@pytest.mark.parametrize(
    ("given", "limit", "request_"),
    [
        pytest.param({"max": {"cpu": "2"}}, "2", "2", id="max is the limit"),
        pytest.param({"max": {"cpu": "2"}, "default": {"cpu": "1"}}, "1", "1", id="limit is the request"),
        pytest.param({"min": {"cpu": "1"}}, None, "1", id="min is the request"),
        pytest.param({"min": {"cpu": "1"}, "max": {"cpu": "2"}}, "2", "2", id="the limit goes before the min"),
        pytest.param({"max": {"cpu": "2"}, "defaultRequest": {"cpu": "1"}}, "2", "1", id="what is said stands"),
    ],
)
def test_bounds_imply_defaults(given: dict[str, Any], limit: str | None, request_: str) -> None:
    """SetDefaults_LimitRangeItem: twice does no more than once, and pods have no defaults."""
    made = limits(item(**given), item("Pod", **given))
    for _ in range(2):
        default_limit_range(made)
        [container, pod] = made.spec.limits
        assert (container.default.get("cpu"), container.defaultRequest.get("cpu")) == (limit, request_)
    assert pod.to_dict() == item("Pod", **given)
