"""Defaults and validation of StatefulSets, with Kubernetes' words."""

from typing import Any

import pytest

from edgeorch.api.apps.defaults import default_stateful_set
from edgeorch.api.apps.stateful_set import StatefulSet
from edgeorch.api.apps.validation import (
    validate_stateful_set,
    validate_stateful_set_status_update,
    validate_stateful_set_update,
)
from edgeorch.api.field_check import check
from edgeorch.api.names import LABEL_RULE

NEGATIVE = "must be greater than or equal to 0"
ROLLING = "spec.updateStrategy.rollingUpdate"
FIXED = (
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' "
    "are forbidden"
)
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def template(**spec: Any) -> dict[str, Any]:
    container = {"name": "web", "image": "busybox", **spec.pop("container", {})}
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container], **spec}}


def stateful_set(name: str = "web", status: dict[str, Any] | None = None, **spec: Any) -> StatefulSet:
    """Make a defaulted StatefulSet."""
    body = {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template(), **spec},
        "status": {"replicas": 0, **(status or {})},
    }
    made = StatefulSet.from_dict(body)
    default_stateful_set(made)
    return made


def data(name: str = "data", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": CLAIM | spec}


def rolling(**limits: Any) -> dict[str, Any]:
    return {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": limits}}


def mount(name: str) -> dict[str, Any]:
    return {"template": template(container={"volumeMounts": [{"name": name, "mountPath": "/data"}]})}


def test_defaults() -> None:
    """One pod, in order, rolled out to the first, claims that stay, ten revisions; twice is once."""
    made = stateful_set(volumeClaimTemplates=[data()])
    spec = made.spec
    assert (spec.replicas, spec.podManagementPolicy, spec.revisionHistoryLimit) == (1, "OrderedReady", 10)
    assert spec.updateStrategy.to_dict() == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    policy = spec.persistentVolumeClaimRetentionPolicy
    assert policy is not None
    assert policy.to_dict() == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert spec.volumeClaimTemplates[0].to_dict() == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": CLAIM | {"volumeMode": "Filesystem"},
        "status": {"phase": "Pending"},
    }
    once = made.to_json()
    default_stateful_set(made)
    assert made.to_json() == once
    assert stateful_set(updateStrategy={"type": "OnDelete"}).spec.updateStrategy.rollingUpdate is None


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param({}, [], id="valid"),
        pytest.param({"volumeClaimTemplates": [data()], **mount("data")}, [], id="claims are volumes"),
        pytest.param(
            mount("data"),
            ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"'],
            id="no such volume",
        ),
        pytest.param(
            {"podManagementPolicy": "Random"},
            ["spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"],
            id="policy",
        ),
        pytest.param(
            {"updateStrategy": {"type": "Recreate"}},
            [
                (
                    'spec.updateStrategy: Invalid value: {"type":"Recreate"}: '
                    "must be 'RollingUpdate' or 'OnDelete'"
                )
            ],
            id="strategy",
        ),
        pytest.param(
            {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}}},
            [f"{ROLLING}: Invalid value: {{\"partition\":1}}: only allowed for updateStrategy 'RollingUpdate'"],
            id="limits without a rolling update",
        ),
        pytest.param(
            rolling(partition=-1), [f"{ROLLING}.partition: Invalid value: -1: {NEGATIVE}"], id="partition"
        ),
        pytest.param(
            rolling(maxUnavailable=0),
            [f"{ROLLING}.maxUnavailable: Invalid value: 0: cannot be 0"],
            id="nothing unavailable",
        ),
        pytest.param(
            rolling(maxUnavailable="101%"),
            [f'{ROLLING}.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
            id="more than all",
        ),
        pytest.param(
            {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Keep"}},
            [
                (
                    'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": '
                    'supported values: "Retain", "Delete"'
                )
            ],
            id="retention",
        ),
        pytest.param(
            {"replicas": -1, "minReadySeconds": -1, "ordinals": {"start": -1}},
            [
                f"spec.{name}: Invalid value: -1: {NEGATIVE}"
                for name in ("replicas", "minReadySeconds", "ordinals.start")
            ],
            id="negative",
        ),
        pytest.param(
            {"selector": {}},
            ["spec.selector: Invalid value: {}: empty selector is invalid for statefulset"],
            id="selector",
        ),
        pytest.param(
            {"template": template(activeDeadlineSeconds=5)},
            [
                (
                    "spec.template.spec.activeDeadlineSeconds: Forbidden: "
                    "activeDeadlineSeconds in StatefulSet is not Supported"
                )
            ],
            id="deadline",
        ),
        pytest.param(
            {"serviceName": "My_DB"},
            [f'spec.serviceName: Invalid value: "My_DB": {LABEL_RULE}'],
            id="service",
        ),
        pytest.param(
            {"volumeClaimTemplates": [data(), data(), data("")]},
            [
                'spec.volumeClaimTemplates[1].metadata.name: Duplicate value: "data"',
                "spec.volumeClaimTemplates[2].metadata.name: Required value",
            ],
            id="names of claims",
        ),
        pytest.param(
            {"volumeClaimTemplates": [data(accessModes=[])]},
            [
                (
                    "spec.volumeClaimTemplates[0].spec.accessModes: Required value: "
                    "at least 1 access mode is required"
                )
            ],
            id="claim",
        ),
    ],
)
def test_validation(spec: dict[str, Any], errors: list[str]) -> None:
    """Every clause, in the words of ``ValidateStatefulSet``."""
    assert [str(error) for error in validate_stateful_set(stateful_set(**spec))] == errors


def test_a_name_is_a_label() -> None:
    """Pods take their host names from it, which have no dots."""
    [error] = validate_stateful_set(stateful_set("a.b"))
    assert str(error) == f'metadata.name: Invalid value: "a.b": {LABEL_RULE}'


MUTABLE: dict[str, Any] = {
    "replicas": 5,
    "ordinals": {"start": 1},
    "template": template(hostNetwork=False, nodeName="pi-1"),
    "updateStrategy": {"type": "OnDelete"},
    "revisionHistoryLimit": 3,
    "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
    "minReadySeconds": 5,
}


@pytest.mark.parametrize("name", MUTABLE)
def test_what_may_change(name: str) -> None:
    """These fields, and no others."""
    new = stateful_set(**{name: MUTABLE[name]})
    assert validate_stateful_set_update(new, stateful_set()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"serviceName": "other"},
        {"podManagementPolicy": "Parallel"},
        {"volumeClaimTemplates": [data()]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_may_not_change(change: dict[str, Any]) -> None:
    """It is refused in Kubernetes' sentence."""
    [error] = validate_stateful_set_update(stateful_set(**change), stateful_set())
    assert str(error) == FIXED


def test_the_same_claims_in_other_words() -> None:
    """What means the same is no change: defaults left out, and amounts written otherwise."""
    old = stateful_set(volumeClaimTemplates=[data()])
    bare = data(resources={"requests": {"storage": "1024Mi"}})
    assert validate_stateful_set_update(stateful_set(volumeClaimTemplates=[bare]), old) == []


def test_status() -> None:
    """Its parts are no more than the whole, and collisions are not uncounted."""
    old = stateful_set(status={"collisionCount": 2})
    good = {"replicas": 3, "readyReplicas": 2, "availableReplicas": 2, "collisionCount": 2}
    assert validate_stateful_set_status_update(stateful_set(status=good), old) == []
    bad = {
        "replicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 2,
        "currentReplicas": -1,
        "collisionCount": 1,
    }
    assert [str(error) for error in validate_stateful_set_status_update(stateful_set(status=bad), old)] == [
        f"status.currentReplicas: Invalid value: -1: {NEGATIVE}",
        "status.availableReplicas: Invalid value: 2: cannot be greater than status.replicas",
        "status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas",
        "status.collisionCount: Invalid value: 1: cannot be decremented",
    ]


def test_writers_are_warned() -> None:
    """Whoever writes claim templates is told that nothing binds the claims."""
    findings = check(StatefulSet, {"spec": {"volumeClaimTemplates": [data()]}}).without_effect
    assert [finding.path for finding in findings] == ["spec.volumeClaimTemplates[0].spec"]
