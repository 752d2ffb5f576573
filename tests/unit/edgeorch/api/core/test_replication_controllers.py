"""Defaults and validation of ReplicationControllers."""

from typing import Any

import pytest

from edgeorch.api.core.defaults import default_replication_controller
from edgeorch.api.core.replication_controller import ReplicationController
from edgeorch.api.core.validation import (
    validate_replication_controller,
    validate_replication_controller_status_update,
    validate_replication_controller_update,
)

NEGATIVE = "must be greater than or equal to 0"
TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "busybox"}]},
}


def controller(status: dict[str, Any] | None = None, **spec: Any) -> ReplicationController:
    """Make a defaulted ReplicationController."""
    body = {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"template": TEMPLATE, **spec},
        "status": {"replicas": 0, **(status or {})},
    }
    made = ReplicationController.from_dict(body)
    default_replication_controller(made)
    return made


def test_defaults() -> None:
    """ReplicationController, "Pod Selector" and "Labels": those of the template unless given."""
    made = controller()
    assert (made.spec.replicas, made.spec.selector, made.metadata.labels) == (1, {"app": "web"}, {"app": "web"})
    once = made.to_json()
    default_replication_controller(made)
    assert made.to_json() == once
    assert controller(selector={"a": "b"}).spec.selector == {"a": "b"}


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param({}, [], id="valid"),
        pytest.param(
            {"replicas": -1, "minReadySeconds": -2},
            [
                f"spec.minReadySeconds: Invalid value: -2: {NEGATIVE}",
                f"spec.replicas: Invalid value: -1: {NEGATIVE}",
            ],
            id="negative",
        ),
        pytest.param(
            {"template": None},
            ["spec.selector: Required value", "spec.template: Required value"],
            id="no template",
        ),
        pytest.param(
            {"selector": {"app": "db"}},
            [
                (
                    'spec.template.metadata.labels: Invalid value: {"app":"web"}: '
                    "`selector` does not match template `labels`"
                )
            ],
            id="selector of other pods",
        ),
        pytest.param(
            {"template": {**TEMPLATE, "spec": {**TEMPLATE["spec"], "activeDeadlineSeconds": 5}}},
            [
                (
                    "spec.template.spec.activeDeadlineSeconds: "
                    "Forbidden: activeDeadlineSeconds in ReplicationController is not Supported"
                )
            ],
            id="deadline",
        ),
    ],
)
def test_validation(spec: dict[str, Any], errors: list[str]) -> None:
    """``ValidateReplicationControllerSpec``, for new ones and for changes."""
    made = controller(**spec)
    assert [str(error) for error in validate_replication_controller(made)] == errors
    assert [str(error) for error in validate_replication_controller_update(made, controller())] == errors


@pytest.mark.parametrize(
    ("status", "errors"),
    [
        pytest.param({"replicas": 2, "readyReplicas": 2, "availableReplicas": 1}, [], id="valid"),
        pytest.param(
            {"observedGeneration": -1},
            [f"status.observedGeneration: Invalid value: -1: {NEGATIVE}"],
            id="negative",
        ),
        pytest.param(
            {"replicas": 1, "readyReplicas": 2},
            ["status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"],
            id="more ready than there are",
        ),
        pytest.param(
            {"replicas": 1, "availableReplicas": 1},
            ["status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas"],
            id="more available than ready",
        ),
    ],
)
def test_status(status: dict[str, Any], errors: list[str]) -> None:
    """``ValidateReplicationControllerStatusUpdate``: counts that fit together."""
    found = validate_replication_controller_status_update(controller(status), controller())
    assert [str(error) for error in found] == errors
