"""Defaults and validation of Deployments: one clause per row, with Kubernetes' words."""

from typing import Any

import pytest

from edgeorch.api.apps.defaults import default_deployment
from edgeorch.api.apps.deployment import Deployment
from edgeorch.api.apps.validation import (
    validate_deployment,
    validate_deployment_status_update,
    validate_deployment_update,
)
from edgeorch.api.int_or_string import PERCENT_RULE

NEGATIVE = "must be greater than or equal to 0"
STRATEGY = "spec.strategy"
ROLLING = f"{STRATEGY}.rollingUpdate"


def deployment(status: dict[str, Any] | None = None, **spec: Any) -> Deployment:
    """Make a defaulted Deployment."""
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "busybox"}]},
    }
    body = {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
        "status": status or {},
    }
    made = Deployment.from_dict(body)
    default_deployment(made)
    return made


def rolling(**limits: Any) -> dict[str, Any]:
    return {"strategy": {"rollingUpdate": limits}}


def test_defaults() -> None:
    """One replica, a quarter at a time, ten revisions, ten minutes; twice is once."""
    spec = deployment().spec
    assert (spec.replicas, spec.revisionHistoryLimit, spec.progressDeadlineSeconds) == (1, 10, 600)
    assert spec.strategy.to_dict() == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    made = deployment()
    once = made.to_json()
    default_deployment(made)
    assert made.to_json() == once


def test_what_is_said_stands() -> None:
    """Zero is a number like others, and Recreate has no limits to fill in."""
    spec = deployment(replicas=0, revisionHistoryLimit=0, strategy={"type": "Recreate"}).spec
    assert (spec.replicas, spec.revisionHistoryLimit, spec.strategy.to_dict()) == (0, 0, {"type": "Recreate"})
    limits = deployment(**rolling(maxSurge=0)).spec.strategy.rollingUpdate
    assert limits is not None
    assert (limits.maxSurge, limits.maxUnavailable) == (0, "25%")


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param({}, [], id="valid"),
        pytest.param({"replicas": -1}, [f"spec.replicas: Invalid value: -1: {NEGATIVE}"], id="replicas"),
        pytest.param(
            {"revisionHistoryLimit": -1},
            [f"spec.revisionHistoryLimit: Invalid value: -1: {NEGATIVE}"],
            id="history",
        ),
        pytest.param(
            {"minReadySeconds": 600},
            ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
            id="deadline before anything can be available",
        ),
        pytest.param(
            {"selector": {}},
            ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
            id="empty selector",
        ),
        pytest.param(
            {"strategy": {"type": "Recreate", "rollingUpdate": {}}},
            [f"{ROLLING}: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
            id="recreate with limits",
        ),
        pytest.param(
            {"strategy": {"type": "BlueGreen"}},
            [f'{STRATEGY}.type: Unsupported value: "BlueGreen": supported values: "Recreate", "RollingUpdate"'],
            id="unknown strategy",
        ),
        pytest.param(
            rolling(maxSurge=0, maxUnavailable="0%"),
            [f'{ROLLING}.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
            id="nothing can move",
        ),
        pytest.param(
            rolling(maxSurge=-1), [f"{ROLLING}.maxSurge: Invalid value: -1: {NEGATIVE}"], id="negative surge"
        ),
        pytest.param(
            rolling(maxSurge="much"),
            [f'{ROLLING}.maxSurge: Invalid value: "much": {PERCENT_RULE}'],
            id="no percentage",
        ),
        pytest.param(rolling(maxSurge="200%"), [], id="more than as many above"),
        pytest.param(
            rolling(maxUnavailable="101%"),
            [f'{ROLLING}.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
            id="more than all unavailable",
        ),
    ],
)
def test_validation(spec: dict[str, Any], errors: list[str]) -> None:
    """``ValidateDeploymentSpec``, for new ones and for changes."""
    made = deployment(**spec)
    assert [str(error) for error in validate_deployment(made)] == errors
    assert [str(error) for error in validate_deployment_update(made, made)] == errors


def test_the_selector_stays() -> None:
    """Deployment, "Label selector updates": in apps/v1 it is immutable."""
    new = deployment(selector={"matchExpressions": [{"key": "app", "operator": "Exists"}]})
    [error] = validate_deployment_update(new, deployment())
    assert error.field == "spec.selector"
    assert error.detail == "field is immutable"


@pytest.mark.parametrize(
    ("status", "errors"),
    [
        pytest.param({"replicas": 2, "updatedReplicas": 1, "collisionCount": 2}, [], id="valid"),
        pytest.param(
            {"replicas": 1, "updatedReplicas": 2, "collisionCount": 1},
            ["status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas"],
            id="more updated than there are",
        ),
        pytest.param(
            {"replicas": 2, "readyReplicas": 1, "availableReplicas": 2, "collisionCount": 1},
            ["status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas"],
            id="more available than ready",
        ),
        pytest.param(
            {"collisionCount": 0},
            ["status.collisionCount: Invalid value: 0: cannot be decremented"],
            id="fewer collisions",
        ),
        pytest.param(
            {},
            ["status.collisionCount: Invalid value: null: cannot be decremented"],
            id="no collisions any more",
        ),
    ],
)
def test_status(status: dict[str, Any], errors: list[str]) -> None:
    """``ValidateDeploymentStatus``: counts that fit together."""
    found = validate_deployment_status_update(deployment(status), deployment({"collisionCount": 1}))
    assert [str(error) for error in found] == errors
