"""Defaults of the other core kinds."""

from edgeorch.api.core.config import Secret
from edgeorch.api.core.defaults import (
    default_namespace,
    default_node,
    default_secret,
    merge_string_data,
    prepare_namespace,
)
from edgeorch.api.core.namespace import Namespace
from edgeorch.api.core.node import Node


def test_namespace() -> None:
    """A namespace is labelled with its name, whatever a client says, and is active."""
    namespace = Namespace.from_dict(
        {"metadata": {"name": "a", "labels": {"kubernetes.io/metadata.name": "b", "team": "c"}}}
    )
    default_namespace(namespace)
    assert namespace.metadata.labels == {"kubernetes.io/metadata.name": "a", "team": "c"}
    assert namespace.status.phase == "Active"


def test_terminating_namespace() -> None:
    """Defaulting does not wake up a namespace that is being deleted."""
    namespace = Namespace.from_dict({"metadata": {"name": "a"}, "status": {"phase": "Terminating"}})
    default_namespace(namespace)
    assert namespace.status.phase == "Terminating"


def test_prepare_namespace() -> None:
    """A new namespace holds the finalizer that stands for its emptying, once."""
    namespace = Namespace.from_dict({"metadata": {"name": "a"}})
    prepare_namespace(namespace)
    prepare_namespace(namespace)
    assert namespace.spec.finalizers == ["kubernetes"]
    assert namespace.status.phase == "Active"


def test_node() -> None:
    """Pods may have all of a node that does not say otherwise."""
    node = Node.from_dict({"status": {"capacity": {"cpu": "4"}}})
    default_node(node)
    assert node.status.allocatable == {"cpu": "4"}
    node.status.allocatable["cpu"] = "3"
    default_node(node)
    assert node.status.allocatable == {"cpu": "3"}
    assert node.status.capacity == {"cpu": "4"}


def test_secret_type() -> None:
    """A secret without a type is opaque."""
    secret = Secret()
    default_secret(secret)
    assert secret.type == "Opaque"
    secret.type = "kubernetes.io/tls"
    default_secret(secret)
    assert secret.type == "kubernetes.io/tls"


def test_string_data() -> None:
    """``stringData`` wins over ``data`` and is gone afterwards."""
    secret = Secret.from_dict({"data": {"a": "b2xk", "b": "a2VlcA=="}, "stringData": {"a": "new", "ä": "ß"}})
    merge_string_data(secret)
    assert secret.to_dict() == {"data": {"a": "bmV3", "b": "a2VlcA==", "ä": "w58="}}
