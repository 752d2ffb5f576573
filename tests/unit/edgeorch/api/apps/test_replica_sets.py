"""Defaults and validation of ReplicaSets: one clause per row, with Kubernetes' words."""

from typing import Any

import pytest

from edgeorch.api.apps.defaults import default_replica_set
from edgeorch.api.apps.replica_set import ReplicaSet
from edgeorch.api.apps.validation import (
    validate_replica_set,
    validate_replica_set_status_update,
    validate_replica_set_update,
)

NEGATIVE = "must be greater than or equal to 0"
NO_MATCH = "`selector` does not match template `labels`"


def replica_set(status: dict[str, Any] | None = None, **spec: Any) -> ReplicaSet:
    """Make a defaulted ReplicaSet."""
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "busybox"}]},
    }
    body = {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
        "status": {"replicas": 0, **(status or {})},
    }
    made = ReplicaSet.from_dict(body)
    default_replica_set(made)
    return made


def test_defaults() -> None:
    """One replica, and the template's own defaults; defaulting twice is defaulting once."""
    made = replica_set()
    assert made.spec.replicas == 1
    assert made.spec.template.spec.restartPolicy == "Always"
    once = made.to_json()
    default_replica_set(made)
    assert made.to_json() == once
    assert replica_set(replicas=0).spec.replicas == 0


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param({}, [], id="valid"),
        pytest.param({"replicas": -1}, [f"spec.replicas: Invalid value: -1: {NEGATIVE}"], id="replicas"),
        pytest.param(
            {"minReadySeconds": -1}, [f"spec.minReadySeconds: Invalid value: -1: {NEGATIVE}"], id="min ready"
        ),
        pytest.param(
            {"selector": None},
            [
                "spec.selector: Required value",
                f'spec.template.metadata.labels: Invalid value: {{"app":"web"}}: {NO_MATCH}',
            ],
            id="no selector",
        ),
        pytest.param(
            {"selector": {}},
            ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
            id="empty selector",
        ),
        pytest.param(
            {"selector": {"matchLabels": {"app": "db"}}},
            [f'spec.template.metadata.labels: Invalid value: {{"app":"web"}}: {NO_MATCH}'],
            id="selector of other pods",
        ),
        pytest.param(
            {"selector": {"matchExpressions": [{"key": "app", "operator": "Near"}]}},
            [
                (
                    'spec.selector.matchExpressions[0].operator: Invalid value: "Near": '
                    "not a valid selector operator"
                ),
                (
                    'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Near"}]}: '
                    "invalid label selector"
                ),
            ],
            id="nonsense selector",
        ),
        pytest.param(
            {
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"restartPolicy": "Never", "containers": [{"name": "web"}]},
                }
            },
            [
                "spec.template.spec.containers[0].image: Required value",
                'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
            ],
            id="template",
        ),
    ],
)
def test_validation(spec: dict[str, Any], errors: list[str]) -> None:
    """``ValidateReplicaSetSpec``, for new ones and for changes."""
    made = replica_set(**spec)
    assert [str(error) for error in validate_replica_set(made)] == errors
    assert [str(error) for error in validate_replica_set_update(made, made)] == errors


def test_the_selector_stays() -> None:
    """ReplicaSet and Deployment, "Selector": in apps/v1 it is immutable."""
    new = replica_set(selector={"matchExpressions": [{"key": "app", "operator": "Exists"}]})
    assert [str(error) for error in validate_replica_set_update(new, replica_set())] == [
        (
            'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists"}]}: '
            "field is immutable"
        )
    ]


@pytest.mark.parametrize(
    ("status", "errors"),
    [
        pytest.param({"replicas": 2, "readyReplicas": 2, "availableReplicas": 1}, [], id="valid"),
        pytest.param({"replicas": -1}, [f"status.replicas: Invalid value: -1: {NEGATIVE}"], id="negative"),
        pytest.param(
            {"replicas": 1, "readyReplicas": 2},
            ["status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"],
            id="more ready than there are",
        ),
        pytest.param(
            {"replicas": 2, "readyReplicas": 1, "availableReplicas": 2},
            ["status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas"],
            id="more available than ready",
        ),
    ],
)
def test_status(status: dict[str, Any], errors: list[str]) -> None:
    """``ValidateReplicaSetStatus``: counts that fit together."""
    found = validate_replica_set_status_update(replica_set(status), replica_set())
    assert [str(error) for error in found][: len(errors)] == errors
    assert bool(found) is bool(errors)
