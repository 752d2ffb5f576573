"""Validation of the core kinds but pods."""

import base64
from typing import Any, TypeVar

import pytest

from edgeorch.api.core.binding import Binding
from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.event import Event
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.node import Node
from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.core.validation import (
    validate_binding,
    validate_config_map,
    validate_config_map_update,
    validate_event,
    validate_event_update,
    validate_namespace,
    validate_namespace_finalize,
    validate_namespace_status_update,
    validate_namespace_update,
    validate_node,
    validate_node_update,
    validate_secret,
    validate_secret_update,
    validate_service_account,
    validate_service_account_update,
)
from edgeorch.api.meta import Object
from edgeorch.api.names import CONFIG_KEY_RULE, LABEL_RULE, SUBDOMAIN_RULE

ObjectT = TypeVar("ObjectT", bound=Object)

MEBIBYTE = 1024 * 1024
LOCKED = "Forbidden: field is immutable when `immutable` is set"


def make(kind: type[ObjectT], *, namespace: str = "default", **body: Any) -> ObjectT:
    """Make an object with valid metadata."""
    return kind.from_dict({"metadata": {"name": "x", "namespace": namespace}, **body})


def node(**body: Any) -> Node:
    """Make a node."""
    return make(Node, namespace="", **body)


def encoded(data: bytes) -> str:
    """Write bytes as they stand in a Secret."""
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        pytest.param({"data": {"a.conf": "x"}, "binaryData": {"b": "AA=="}}, [], id="valid"),
        pytest.param({"data": {"a/b": "x"}}, [f'data[a/b]: Invalid value: "a/b": {CONFIG_KEY_RULE}'], id="key"),
        pytest.param(
            {"binaryData": {"..": "AA=="}},
            ["binaryData[..]: Invalid value: \"..\": must not be '..'"],
            id="binary key",
        ),
        pytest.param(
            {"data": {"a": "x"}, "binaryData": {"a": "AA=="}},
            ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
            id="key in both",
        ),
        pytest.param({"data": {"a": "x" * MEBIBYTE}}, [], id="largest"),
        pytest.param(
            {"data": {"a": "x" * MEBIBYTE}, "binaryData": {"b": "AA=="}},
            ["[]: Too long: may not be more than 1048576 bytes"],
            id="too large together",
        ),
        pytest.param(
            {"data": {"a": "ß" * (MEBIBYTE // 2 + 1)}},
            ["[]: Too long: may not be more than 1048576 bytes"],
            id="bytes count, not characters",
        ),
    ],
)
def test_config_map(body: dict[str, Any], errors: list[str]) -> None:
    """ConfigMaps follow ``ValidateConfigMap``."""
    assert [str(e) for e in validate_config_map(make(ConfigMap, **body))] == errors
    assert [str(e) for e in validate_config_map_update(make(ConfigMap, **body), make(ConfigMap))] == errors


@pytest.mark.parametrize(
    ("new", "errors"),
    [
        pytest.param({"immutable": True, "data": {"a": "x"}}, [], id="nothing changes"),
        pytest.param({"data": {"a": "x"}}, [f"immutable: {LOCKED}"], id="unlocked"),
        pytest.param({"immutable": True, "data": {"a": "y"}}, [f"data: {LOCKED}"], id="data"),
        pytest.param(
            {"immutable": True, "data": {"a": "x"}, "binaryData": {"b": "AA=="}},
            [f"binaryData: {LOCKED}"],
            id="binary",
        ),
    ],
)
def test_immutable_config_map(new: dict[str, Any], errors: list[str]) -> None:
    """An immutable ConfigMap stays as it is, and immutable."""
    old = make(ConfigMap, immutable=True, data={"a": "x"})
    assert [str(e) for e in validate_config_map_update(make(ConfigMap, **new), old)] == errors


DOCKER = "kubernetes.io/dockerconfigjson"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        pytest.param({"type": "Opaque", "data": {"a": "AA=="}}, [], id="opaque"),
        pytest.param({"type": "example.com/own", "data": {}}, [], id="own type"),
        pytest.param(
            {"data": {"a b": "AA=="}}, [f'data[a b]: Invalid value: "a b": {CONFIG_KEY_RULE}'], id="key"
        ),
        pytest.param({"data": {"a": encoded(b"x" * MEBIBYTE)}}, [], id="largest, decoded"),
        pytest.param(
            {"data": {"a": encoded(b"x" * (MEBIBYTE + 1))}},
            ["data: Too long: may not be more than 1048576 bytes"],
            id="too large",
        ),
        pytest.param(
            {"type": "kubernetes.io/tls"},
            ["data[tls.crt]: Required value", "data[tls.key]: Required value"],
            id="certificate and key",
        ),
        pytest.param(
            {"type": "kubernetes.io/basic-auth"},
            ["data[username]: Required value", "data[password]: Required value"],
            id="no credentials",
        ),
        pytest.param(
            {"type": "kubernetes.io/basic-auth", "data": {"password": "AA=="}}, [], id="password alone"
        ),
        pytest.param({"type": "kubernetes.io/ssh-auth"}, ["data[ssh-privatekey]: Required value"], id="no key"),
        pytest.param(
            {"type": "kubernetes.io/service-account-token"},
            ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
            id="token of nobody",
        ),
        pytest.param({"type": DOCKER}, ["data[.dockerconfigjson]: Required value"], id="no registry"),
        pytest.param({"type": DOCKER, "data": {".dockerconfigjson": encoded(b"{}")}}, [], id="registry"),
        pytest.param(
            {"type": DOCKER, "data": {".dockerconfigjson": encoded(b"[]")}},
            ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be a JSON object'],
            id="registry list",
        ),
    ],
)
def test_secret(body: dict[str, Any], errors: list[str]) -> None:
    """Secrets follow ``ValidateSecret``, by their type."""
    assert [str(e) for e in validate_secret(make(Secret, **body))] == errors


@pytest.mark.parametrize(
    "content", [pytest.param(b"hunter2", id="text"), pytest.param(b"\xff\xfe", id="no text")]
)
def test_secret_stays_secret(content: bytes) -> None:
    """What is wrong with a secret's content is told without the content."""
    secret = make(Secret, type=DOCKER, data={".dockerconfigjson": encoded(content)})
    (error,) = validate_secret(secret)
    assert str(error).startswith('data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": ')
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("new", "errors"),
    [
        pytest.param({"type": "a", "immutable": True, "data": {"k": "AA=="}}, [], id="nothing changes"),
        pytest.param(
            {"type": "b", "immutable": True, "data": {"k": "AA=="}},
            ['type: Invalid value: "b": field is immutable'],
            id="type",
        ),
        pytest.param(
            {"type": "a", "data": {}}, [f"immutable: {LOCKED}", f"data: {LOCKED}"], id="unlocked and emptied"
        ),
    ],
)
def test_secret_update(new: dict[str, Any], errors: list[str]) -> None:
    """A Secret keeps its type, and an immutable one its data."""
    old = make(Secret, type="a", immutable=True, data={"k": "AA=="})
    assert [str(e) for e in validate_secret_update(make(Secret, **new), old)] == errors


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        pytest.param(
            {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}], "podCIDRs": ["10.42.0.0/24"]}},
            [],
            id="valid",
        ),
        pytest.param(
            {"spec": {"taints": [{"key": "a"}]}}, ["spec.taints[0].effect: Required value"], id="no effect"
        ),
        pytest.param(
            {"spec": {"taints": [{"key": "a", "effect": "NoRun"}]}},
            [
                'spec.taints[0].effect: Unsupported value: "NoRun": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'
            ],
            id="unknown effect",
        ),
        pytest.param(
            {
                "spec": {
                    "taints": [
                        {"key": "a", "effect": "NoExecute"},
                        {"key": "a", "value": "b", "effect": "NoExecute"},
                    ]
                }
            },
            [
                'spec.taints[1]: Duplicate value: {"key":"a","value":"b","effect":"NoExecute"}: taints must be unique by key and effect pair'
            ],
            id="taint twice",
        ),
        pytest.param(
            {"spec": {"podCIDRs": ["10.42.0.0"]}},
            [
                'spec.podCIDRs[0]: Invalid value: "10.42.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
            ],
            id="range without a length",
        ),
        pytest.param(
            {"status": {"capacity": {"cpu": "-1"}}},
            ['status.capacity[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
            id="negative capacity",
        ),
        pytest.param(
            {"status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}] * 2}},
            ['status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"10.0.0.1"}'],
            id="address twice",
        ),
    ],
)
def test_node(body: dict[str, Any], errors: list[str]) -> None:
    """Nodes follow ``ValidateNode``."""
    assert [str(e) for e in validate_node(node(**body))] == errors
    assert [str(e) for e in validate_node_update(node(**body), node())] == errors


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        pytest.param("podCIDR", ["10.42.0.0/24"], ["10.42.1.0/24"], id="podCIDRs"),
        pytest.param("providerID", "a", "b", id="providerID"),
    ],
)
def test_node_update(field: str, old: Any, new: Any) -> None:
    """A node's pod range and provider are set once."""
    name = "podCIDRs" if field == "podCIDR" else field
    assert validate_node_update(node(spec={name: old}), node()) == []
    (error,) = validate_node_update(node(spec={name: new}), node(spec={name: old}))
    assert str(error) == f'spec.{name}: Forbidden: node updates may not change {field} except from "" to valid'


def test_namespace() -> None:
    """A namespace's name is a label, and its finalizers are Kubernetes' or have a domain."""
    assert validate_namespace(make(Namespace, namespace="", spec={"finalizers": ["kubernetes", "a.b/c"]})) == []
    dotted = Namespace.from_dict({"metadata": {"name": "a.b"}})
    assert [str(e) for e in validate_namespace(dotted)] == [
        f'metadata.name: Invalid value: "a.b": {LABEL_RULE}'
    ]
    own = make(Namespace, namespace="", spec={"finalizers": ["mine"]})
    assert [e.field for e in validate_namespace(own)] == ["spec.finalizers[0]"]
    assert [e.field for e in validate_namespace_finalize(own, make(Namespace, namespace=""))] == [
        "spec.finalizers[0]"
    ]


def test_namespace_update() -> None:
    """A namespace keeps its identity."""
    old = Namespace.from_dict({"metadata": {"name": "a", "uid": "1"}})
    new = Namespace.from_dict({"metadata": {"name": "a", "uid": "2"}})
    assert [e.field for e in validate_namespace_update(new, old)] == ["metadata.uid"]


DELETED = {"name": "a", "deletionTimestamp": "2026-05-01T12:00:00Z"}


@pytest.mark.parametrize(
    ("meta", "phase", "error"),
    [
        pytest.param({"name": "a"}, "Active", None, id="alive"),
        pytest.param(DELETED, "Terminating", None, id="dying"),
        pytest.param(
            {"name": "a"},
            "Terminating",
            "may only be 'Active' if `deletionTimestamp` is empty",
            id="alive, called dying",
        ),
        pytest.param(
            DELETED,
            "Active",
            "may only be 'Terminating' if `deletionTimestamp` is not empty",
            id="dying, called alive",
        ),
    ],
)
def test_namespace_status(meta: dict[str, Any], phase: str, error: str | None) -> None:
    """A namespace's phase says whether it is being deleted."""
    new = Namespace.from_dict({"metadata": meta, "status": {"phase": phase}})
    found = [e.detail for e in validate_namespace_status_update(new, Namespace.from_dict({"metadata": meta}))]
    assert found == ([error] if error else [])


def test_service_account() -> None:
    """A service account has a subdomain's name and keeps it."""
    assert validate_service_account(make(ServiceAccount)) == []
    wrong = ServiceAccount.from_dict({"metadata": {"name": "X", "namespace": "default"}})
    assert [str(e) for e in validate_service_account(wrong)] == [
        f'metadata.name: Invalid value: "X": {SUBDOMAIN_RULE}'
    ]
    assert [e.field for e in validate_service_account_update(wrong, make(ServiceAccount))] == ["metadata.name"]


NEW_EVENT = {
    "eventTime": "2026-05-01T12:00:00.000000Z",
    "involvedObject": {"namespace": "default"},
    "reportingComponent": "edgeorch.io/agent",
    "reportingInstance": "pi",
    "action": "Starting",
    "reason": "Started",
}


@pytest.mark.parametrize(
    ("namespace", "body", "fields"),
    [
        pytest.param("a", {"involvedObject": {"namespace": "a"}}, [], id="of an object"),
        pytest.param("default", {"involvedObject": {"kind": "Node"}}, [], id="of a node"),
        pytest.param(
            "a", {"involvedObject": {"namespace": "b"}}, ["involvedObject.namespace"], id="of another namespace"
        ),
        pytest.param(
            "a", {"involvedObject": {"kind": "Node"}}, ["involvedObject.namespace"], id="of a node, elsewhere"
        ),
        pytest.param("default", NEW_EVENT, [], id="new"),
        pytest.param("default", {**NEW_EVENT, "action": ""}, ["action"], id="new, without action"),
        pytest.param("default", {**NEW_EVENT, "reason": "x" * 129}, ["reason"], id="new, long reason"),
        pytest.param("default", {**NEW_EVENT, "message": "x" * 1025}, ["message"], id="new, long message"),
        pytest.param(
            "default", {**NEW_EVENT, "reportingComponent": "a b"}, ["reportingComponent"], id="new, component"
        ),
        pytest.param(
            "default", {**NEW_EVENT, "reportingComponent": ""}, ["reportingComponent"], id="new, no component"
        ),
    ],
)
def test_event(namespace: str, body: dict[str, Any], fields: list[str]) -> None:
    """Events live beside their object; those of events.k8s.io are complete (``ValidateEventCreate``)."""
    assert [e.field for e in validate_event(make(Event, namespace=namespace, **body))] == fields


def test_event_name() -> None:
    """An event may be called whatever fits into a URL."""
    named = Event.from_dict({"metadata": {"name": "Any Thing.17", "namespace": "default"}})
    assert validate_event(named) == []
    named.metadata.name = "a/b"
    assert [e.field for e in validate_event(named)] == ["metadata.name"]


def test_event_update() -> None:
    """An event may be counted, but stays about its object."""
    old = make(Event, involvedObject={"namespace": "default", "name": "a"}, count=1)
    assert (
        validate_event_update(make(Event, involvedObject={"namespace": "default", "name": "a"}, count=2), old)
        == []
    )
    moved = make(Event, involvedObject={"namespace": "default", "name": "b"})
    assert [e.field for e in validate_event_update(moved, old)] == ["involvedObject"]


@pytest.mark.parametrize(
    ("target", "errors"),
    [
        pytest.param({"kind": "Node", "name": "pi"}, [], id="node"),
        pytest.param({"name": "pi"}, [], id="kind is understood"),
        pytest.param({"kind": "Node"}, ["target.name: Required value"], id="no name"),
        pytest.param(
            {"kind": "Pod", "name": "pi"},
            ['target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"'],
            id="no node",
        ),
    ],
)
def test_binding(target: dict[str, Any], errors: list[str]) -> None:
    """A pod is bound to a node and nothing else."""
    assert [str(e) for e in validate_binding(make(Binding, target=target))] == errors
