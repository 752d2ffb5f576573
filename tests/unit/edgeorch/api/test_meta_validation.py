"""Validation of metadata and label selectors."""

from typing import Any

import pytest

from edgeorch.api.meta import LabelSelector, ObjectMeta
from edgeorch.api.meta_validation import validate_label_selector, validate_meta, validate_meta_update
from edgeorch.api.names import LABEL_RULE, SUBDOMAIN_RULE, dns_label_problems
from edgeorch.api.validation import Path

OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "1"}


def meta(**fields: Any) -> ObjectMeta:
    """Metadata that is valid but for what is given."""
    return ObjectMeta.from_dict({"name": "x", "namespace": "default", **fields})


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        pytest.param({}, [], id="plain"),
        pytest.param(
            {"name": ""}, ["metadata.name: Required value: name or generateName is required"], id="no name"
        ),
        pytest.param({"name": "X"}, [f'metadata.name: Invalid value: "X": {SUBDOMAIN_RULE}'], id="bad name"),
        pytest.param(
            {"name": "a/b"},
            ["metadata.name: Invalid value: \"a/b\": may not contain '/'"],
            id="name with a slash",
        ),
        pytest.param({"generateName": "web-"}, [], id="prefix with a dash"),
        pytest.param(
            {"generateName": "Web-"},
            [f'metadata.generateName: Invalid value: "Web-": {SUBDOMAIN_RULE}'],
            id="bad prefix",
        ),
        pytest.param({"namespace": ""}, ["metadata.namespace: Required value"], id="no namespace"),
        pytest.param(
            {"namespace": "a.b"},
            [f'metadata.namespace: Invalid value: "a.b": {LABEL_RULE}'],
            id="bad namespace",
        ),
        pytest.param({"labels": {"app.example.com/name": "web", "empty": ""}}, [], id="labels"),
        pytest.param(
            {"annotations": {"Example.com/Key": "any\ntext"}}, [], id="annotation keys may have capitals"
        ),
        pytest.param(
            {"annotations": {"k": "x" * 256 * 1024}},
            ["metadata.annotations: Too long: may not be more than 262144 bytes"],
            id="annotations over 256 KiB",
        ),
        pytest.param({"ownerReferences": [OWNER]}, [], id="owner"),
        pytest.param(
            {"ownerReferences": [{**OWNER, "uid": ""}]},
            ['metadata.ownerReferences.uid: Invalid value: "": must not be empty'],
            id="owner without uid",
        ),
        pytest.param({"finalizers": ["example.com/done", "orphan"]}, [], id="finalizers"),
        pytest.param(
            {"finalizers": ["done"]},
            [
                (
                    'metadata.finalizers[0]: Invalid value: "done": name is neither a standard finalizer name '
                    "nor is it fully qualified"
                )
            ],
            id="finalizer without a domain",
        ),
        pytest.param(
            {"finalizers": ["orphan", "foregroundDeletion"]},
            [
                (
                    'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: '
                    "finalizer foregroundDeletion and orphan cannot be both set"
                )
            ],
            id="contradicting finalizers",
        ),
        pytest.param(
            {"generation": -1},
            ["metadata.generation: Invalid value: -1: must be greater than or equal to 0"],
            id="negative generation",
        ),
    ],
)
def test_create(fields: dict[str, Any], errors: list[str]) -> None:
    """Metadata of a new object follows ``ValidateObjectMeta``."""
    assert [str(e) for e in validate_meta(meta(**fields), namespaced=True)] == errors


def test_cluster_scoped() -> None:
    """A cluster-scoped object has no namespace, and may have its own rule for names."""
    assert [str(e) for e in validate_meta(meta(), namespaced=False)] == [
        "metadata.namespace: Forbidden: not allowed on this type"
    ]
    assert [
        str(e)
        for e in validate_meta(meta(name="a.b", namespace=""), namespaced=False, name_rule=dns_label_problems)
    ] == [f'metadata.name: Invalid value: "a.b": {LABEL_RULE}']


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({"": "x"}, id="empty key"),
        pytest.param({"a/b/c": "x"}, id="two slashes"),
        pytest.param({"k": "-x"}, id="value with a dash in front"),
        pytest.param({"k": "x" * 64}, id="long value"),
    ],
)
def test_labels(labels: dict[str, str]) -> None:
    """A label that breaks the rules is refused at ``metadata.labels``."""
    errors = validate_meta(meta(labels=labels), namespaced=True)
    assert errors
    assert {e.field for e in errors} == {"metadata.labels"}


def test_one_controller() -> None:
    """Only one owner can be the controller."""
    owners = [{**OWNER, "controller": True}, {**OWNER, "name": "other", "uid": "2", "controller": True}]
    (error,) = validate_meta(meta(ownerReferences=owners), namespaced=True)
    assert error.detail.endswith('Found "true" in references for rs and other')


def test_events_own_nothing() -> None:
    """An event may go at any time and so cannot be an owner."""
    owners = [{**OWNER, "apiVersion": "v1", "kind": "Event"}]
    (error,) = validate_meta(meta(ownerReferences=owners), namespaced=True)
    assert error.detail == "v1, Kind=Event is disallowed from being an owner"


@pytest.mark.parametrize(
    ("old", "new", "errors"),
    [
        pytest.param({}, {"labels": {"a": "b"}}, [], id="labels may change"),
        pytest.param(
            {}, {"name": "y"}, ['metadata.name: Invalid value: "y": field is immutable'], id="name may not"
        ),
        pytest.param(
            {"uid": "1"},
            {"uid": "2"},
            ['metadata.uid: Invalid value: "2": field is immutable'],
            id="uid may not",
        ),
        pytest.param(
            {"generation": 2},
            {"generation": 1},
            ["metadata.generation: Invalid value: 1: must not be decremented"],
            id="generation only grows",
        ),
        pytest.param(
            {},
            {"deletionTimestamp": "2026-05-01T12:00:00Z"},
            [
                (
                    'metadata.deletionTimestamp: Invalid value: "2026-05-01T12:00:00Z": '
                    "field is immutable; may only be changed via deletion"
                )
            ],
            id="deletion is not written",
        ),
        pytest.param(
            {"deletionTimestamp": "2026-05-01T12:00:00Z"},
            {"deletionTimestamp": "2026-05-01T12:00:00Z", "finalizers": ["a.b/c"]},
            [
                (
                    "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being "
                    'deleted, found new finalizers []string{"a.b/c"}'
                )
            ],
            id="no finalizers for the dying",
        ),
        pytest.param(
            {"deletionTimestamp": "2026-05-01T12:00:00Z", "finalizers": ["a.b/c"]},
            {"deletionTimestamp": "2026-05-01T12:00:00Z"},
            [],
            id="finalizers go",
        ),
    ],
)
def test_update(old: dict[str, Any], new: dict[str, Any], errors: list[str]) -> None:
    """Changes of metadata follow ``ValidateObjectMetaUpdate``."""
    assert [str(e) for e in validate_meta_update(meta(**new), meta(**old))] == errors


@pytest.mark.parametrize(
    ("requirement", "errors"),
    [
        pytest.param({"key": "a", "operator": "In", "values": ["b"]}, [], id="in"),
        pytest.param({"key": "a", "operator": "Exists"}, [], id="exists"),
        pytest.param(
            {"key": "a", "operator": "In"},
            [
                "s.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"
            ],
            id="in nothing",
        ),
        pytest.param(
            {"key": "a", "operator": "Exists", "values": ["b"]},
            [
                (
                    "s.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or "
                    "'DoesNotExist'"
                )
            ],
            id="exists as",
        ),
        pytest.param(
            {"key": "a", "operator": "=", "values": ["b"]},
            ['s.matchExpressions[0].operator: Invalid value: "=": not a valid selector operator'],
            id="unknown operator",
        ),
    ],
)
def test_selector(requirement: dict[str, Any], errors: list[str]) -> None:
    """Label selectors follow ``ValidateLabelSelector``."""
    selector = LabelSelector.from_dict({"matchLabels": {"x": "y"}, "matchExpressions": [requirement]})
    assert [str(e) for e in validate_label_selector(selector, Path("s"))] == errors
