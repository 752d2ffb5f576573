from typing import Any

from edgeorch.api.core.node import Node
from edgeorch_agent.node.describe import describe_node
from edgeorch_agent.node.facts import Facts
from edgeorch_agent.runtime.base import ImageInfo

FACTS = Facts(
    hostname="pi",
    architecture="arm64",
    kernel="6.6.31",
    os_image="Debian",
    machine_id="m",
    system_uuid="s",
    boot_id="b",
    cpus=4,
    memory=4 * 1024**3,
    swap=0,
    disk=32 * 1024**3,
)


def node(**more: Any) -> Node:
    return describe_node(
        "pi-1", FACTS, runtime_version="podman://4.3.1", address="10.0.0.7", conditions=[], **more
    )


def test_a_node_carries_the_well_known_labels() -> None:
    """kubernetes.io/arch, os and hostname are always set; own labels cannot replace them."""
    labels = node(labels={"zone": "attic", "kubernetes.io/arch": "forged"}).metadata.labels
    assert labels == {
        "zone": "attic",
        "kubernetes.io/arch": "arm64",
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": "pi-1",
    }


def test_allocatable_is_less_than_capacity() -> None:
    """The board keeps some memory and disk for itself."""
    status = node().status
    assert status is not None
    assert status.capacity["memory"] == "4Gi"
    assert status.allocatable["memory"] == "3968Mi"
    assert status.capacity["cpu"] == status.allocatable["cpu"] == "4"
    assert status.allocatable["pods"] == "110"


def test_images_are_named_and_largest_first() -> None:
    """Kubernetes lists at most 50 images, the largest first; nameless layers are of no use to a scheduler."""
    images = [
        ImageInfo("a", ("a:1",), 10, "arm64"),
        ImageInfo("b", ("b:1", "b:0"), 20, "arm64"),
        ImageInfo("c", (), 30, "arm64"),
    ]
    status = node(images=images).status
    assert status is not None
    assert [(i.names, i.sizeBytes) for i in status.images] == [(["b:0", "b:1"], 20), (["a:1"], 10)]


def test_the_internal_address_comes_first() -> None:
    """Kubectl shows the InternalIP; a board that cannot tell its address reports only its name."""
    status = node().status
    assert status is not None
    assert [(a.type, a.address) for a in status.addresses] == [("InternalIP", "10.0.0.7"), ("Hostname", "pi")]
