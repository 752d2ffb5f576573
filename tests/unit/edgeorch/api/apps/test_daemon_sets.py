"""Defaults and validation of DaemonSets and ControllerRevisions, with Kubernetes' words."""

from typing import Any

import pytest

from edgeorch.api.apps.controller_revision import ControllerRevision
from edgeorch.api.apps.daemon_set import DaemonSet
from edgeorch.api.apps.defaults import default_daemon_set
from edgeorch.api.apps.validation import (
    validate_controller_revision,
    validate_controller_revision_update,
    validate_daemon_set,
    validate_daemon_set_status_update,
    validate_daemon_set_update,
)

NEGATIVE = "must be greater than or equal to 0"
STRATEGY = "spec.updateStrategy"
ROLLING = f"{STRATEGY}.rollingUpdate"
NO_PODS = {
    "currentNumberScheduled": 0,
    "numberMisscheduled": 0,
    "desiredNumberScheduled": 0,
    "numberReady": 0,
}


def daemon_set(status: dict[str, Any] | None = None, **spec: Any) -> DaemonSet:
    """Make a defaulted DaemonSet."""
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "busybox"}]},
    }
    body = {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
        "status": NO_PODS | (status or {}),
    }
    made = DaemonSet.from_dict(body)
    default_daemon_set(made)
    return made


def rolling(**limits: Any) -> dict[str, Any]:
    return {"updateStrategy": {"rollingUpdate": limits}}


def test_defaults() -> None:
    """One node at a time, ten revisions; twice is once."""
    made = daemon_set()
    assert made.spec.revisionHistoryLimit == 10
    assert made.spec.updateStrategy.to_dict() == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
    }
    once = made.to_json()
    default_daemon_set(made)
    assert made.to_json() == once
    assert daemon_set(updateStrategy={"type": "OnDelete"}).spec.updateStrategy.rollingUpdate is None


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param({}, [], id="valid"),
        pytest.param(
            {"minReadySeconds": -1, "revisionHistoryLimit": -2},
            [
                f"spec.minReadySeconds: Invalid value: -1: {NEGATIVE}",
                f"spec.revisionHistoryLimit: Invalid value: -2: {NEGATIVE}",
            ],
            id="negative",
        ),
        pytest.param(
            {"selector": {}},
            ["spec.selector: Invalid value: {}: empty selector is invalid for daemonset"],
            id="empty selector",
        ),
        pytest.param(
            {"updateStrategy": {"type": "Sometimes"}},
            [
                (
                    f'{STRATEGY}: Unsupported value: {{"type":"Sometimes"}}: '
                    'supported values: "OnDelete", "RollingUpdate"'
                )
            ],
            id="unknown strategy",
        ),
        pytest.param(rolling(maxSurge="10%", maxUnavailable=0), [], id="surge"),
        pytest.param(
            rolling(maxSurge=1, maxUnavailable=1),
            [f"{ROLLING}.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"],
            id="both",
        ),
        pytest.param(
            rolling(maxSurge="0%", maxUnavailable=0),
            [f"{ROLLING}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
            id="neither",
        ),
        pytest.param(
            rolling(maxSurge="101%", maxUnavailable=0),
            [f'{ROLLING}.maxSurge: Invalid value: "101%": must not be greater than 100%'],
            id="more than all",
        ),
    ],
)
def test_validation(spec: dict[str, Any], errors: list[str]) -> None:
    """``ValidateDaemonSetSpec``, for new ones and for changes."""
    made = daemon_set(**spec)
    assert [str(error) for error in validate_daemon_set(made)] == errors
    assert [str(error) for error in validate_daemon_set_update(made, made)] == errors


def test_the_selector_stays() -> None:
    """DaemonSet, "Pod Selector": once created, it can not be mutated."""
    new = daemon_set(selector={"matchExpressions": [{"key": "app", "operator": "Exists"}]})
    [error] = validate_daemon_set_update(new, daemon_set())
    assert (error.field, error.detail) == ("spec.selector", "field is immutable")


def test_status() -> None:
    """Counts are not negative, and collisions are not forgotten."""
    assert validate_daemon_set_status_update(daemon_set({"numberReady": 3}), daemon_set()) == []
    found = validate_daemon_set_status_update(
        daemon_set({"numberReady": -1}), daemon_set({"collisionCount": 1})
    )
    assert [str(error) for error in found] == [
        f"status.numberReady: Invalid value: -1: {NEGATIVE}",
        "status.collisionCount: Invalid value: null: cannot be decremented",
    ]


def revision(**parts: Any) -> ControllerRevision:
    body = {"metadata": {"name": "web-1", "namespace": "default"}, "data": {"spec": {}}, "revision": 1}
    return ControllerRevision.from_dict(body | parts)


@pytest.mark.parametrize(
    ("parts", "errors"),
    [
        pytest.param({}, [], id="valid"),
        pytest.param({"data": None}, ["data: Required value: data is mandatory"], id="no data"),
        pytest.param({"revision": -1}, [f"revision: Invalid value: -1: {NEGATIVE}"], id="negative"),
    ],
)
def test_revisions(parts: dict[str, Any], errors: list[str]) -> None:
    """``ValidateControllerRevisionCreate``."""
    assert [str(error) for error in validate_controller_revision(revision(**parts))] == errors


def test_a_revision_stays() -> None:
    """ControllerRevision: its data is immutable, its number is not."""
    assert validate_controller_revision_update(revision(revision=5), revision()) == []
    [error] = validate_controller_revision_update(revision(data={"a": 1}), revision())
    assert str(error) == 'data: Invalid value: {"a":1}: field is immutable'
