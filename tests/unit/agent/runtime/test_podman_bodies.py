"""What we ask of Podman."""

from __future__ import annotations

import pytest

from edgeorch_agent.runtime.base import (
    LABEL_CONTAINER,
    LABEL_NAME,
    LABEL_NAMESPACE,
    LABEL_NODE,
    LABEL_RESTARTS,
    LABEL_UID,
    ContainerSpec,
    Limits,
    PortMapping,
    RuntimeFault,
    SandboxSpec,
)
from edgeorch_agent.runtime.podman_bodies import (
    Permits,
    container_body,
    container_labels,
    pod_body,
    signal_number,
)

ALL = Permits(frozenset({"cpu", "memory", "pids"}))
POD = SandboxSpec("12345678-9abc", "default", "web", "web-0", {"a": "b"}, ports=(PortMapping(80, 8080),))


def body(spec: ContainerSpec, permits: Permits = ALL) -> dict[str, object]:
    return container_body(
        spec, pod_id="p", pod="default_web_12345678", labels={}, permits=permits, log_size=1000
    )


def test_names_can_be_read_and_do_not_clash() -> None:
    """Namespace, pod and the beginning of the uid; then container and attempt."""
    assert pod_body(POD, "pi-1")["name"] == "default_web_12345678"
    spec = ContainerSpec("nginx", "image", {LABEL_RESTARTS: "3"})
    assert body(spec)["name"] == "default_web_12345678_nginx_3"


def test_labels_cannot_be_forged() -> None:
    """What a manifest brings never hides whose pod it is."""
    pod = SandboxSpec("u", "default", "web", "web", {LABEL_NODE: "other", LABEL_UID: "other", "a": "b"})
    labels = pod_body(pod, "pi-1")["labels"]
    assert labels == {
        "a": "b", LABEL_UID: "u", LABEL_NAMESPACE: "default", LABEL_NAME: "web", LABEL_NODE: "pi-1",
    }  # fmt: skip
    mine = container_labels(ContainerSpec("c", "i", {LABEL_UID: "other", LABEL_CONTAINER: "x"}), labels)
    assert (mine[LABEL_UID], mine[LABEL_CONTAINER]) == ("u", "c")


def test_a_pod_on_the_hosts_network_has_the_hosts_name_and_ports() -> None:
    """Podman refuses published ports there, and Kubernetes gives such a pod the node's host name."""
    spec = SandboxSpec(
        "u", "d", "n", "web-0", {}, ports=(PortMapping(80, 80),), host_network=True, ip="10.1.1.1"
    )
    asked = pod_body(spec, "pi-1")
    assert asked["netns"] == {"nsmode": "host"}
    assert not {"hostname", "portmappings", "networks"} & asked.keys()


@pytest.mark.parametrize(
    ("network", "ip", "asked"),
    [
        pytest.param("", "", None, id="default"),
        pytest.param("", "10.42.1.7", {"default": {"static_ips": ["10.42.1.7"]}}, id="fixed address"),
        pytest.param("edgeorch", "", {"edgeorch": {}}, id="other network"),
        pytest.param("edgeorch", "10.42.1.7", {"edgeorch": {"static_ips": ["10.42.1.7"]}}, id="both"),
    ],
)
def test_networks(network: str, ip: str, asked: object) -> None:
    """An address is one of the network's."""
    assert (
        pod_body(SandboxSpec("u", "d", "n", "h", {}, network=network, ip=ip), "pi-1").get("networks") == asked
    )


def test_namespaces_are_shared_as_in_kubernetes() -> None:
    """Network, IPC and host name always; process ids on request; the host's on request."""
    assert pod_body(POD, "pi-1")["shared_namespaces"] == ["net", "ipc", "uts"]
    shared = pod_body(SandboxSpec("u", "d", "n", "h", {}, share_pid=True), "pi-1")
    assert "pid" in shared["shared_namespaces"]
    host = pod_body(SandboxSpec("u", "d", "n", "h", {}, host_pid=True, host_ipc=True), "pi-1")
    assert (host["pidns"], host["ipcns"]) == ({"nsmode": "host"}, {"nsmode": "host"})


@pytest.mark.parametrize(
    ("controllers", "kept"),
    [
        pytest.param(ALL.controllers, {"cpu", "memory", "pids"}, id="all"),
        pytest.param(frozenset({"cpu", "pids"}), {"cpu", "pids"}, id="Raspberry Pi OS as shipped"),
        pytest.param(frozenset(), None, id="none"),
    ],
)
def test_limits_without_their_controller_are_left_out(
    controllers: frozenset[str], kept: set[str] | None
) -> None:
    """Better no limit than no container."""
    limits = Limits(cpu_shares=512, cpu_quota=50_000, memory=1 << 20, pids=10)
    asked = body(ContainerSpec("c", "i", {}, limits=limits), Permits(controllers)).get("resource_limits")
    assert (set(asked) if isinstance(asked, dict) else None) == kept


def test_nothing_of_podmans_own_will_is_left() -> None:
    """No restarts, no health checks, no systemd mode, no proxy of the node, and a bounded log in a file."""
    asked = body(ContainerSpec("c", "i", {}))
    assert asked["restart_policy"] == "no"
    assert asked["healthconfig"] == {"Test": ["NONE"]}
    assert asked["systemd"] == "false"
    assert asked["httpproxy"] is False
    assert asked["log_configuration"] == {"driver": "k8s-file", "size": 1000}


def test_capabilities_have_podmans_names() -> None:
    """Kubernetes leaves the prefix out."""
    asked = body(ContainerSpec("c", "i", {}, cap_add=("NET_ADMIN", "CAP_SYS_TIME"), cap_drop=("ALL",)))
    assert asked["cap_add"] == ["CAP_NET_ADMIN", "CAP_SYS_TIME"]
    assert asked["cap_drop"] == ["ALL"]


@pytest.mark.parametrize(
    ("name", "number"),
    [("SIGTERM", 15), ("TERM", 15), ("sigquit", 3), ("9", 9), ("SIGRTMIN+3", 37)],
)
def test_signals_have_numbers(name: str, number: int) -> None:
    """Podman's create wants a number; images and manifests say names."""
    assert signal_number(name) == number
    assert body(ContainerSpec("c", "i", {}, stop_signal=name))["stop_signal"] == number


def test_an_unknown_signal_is_a_fault() -> None:
    """It names the signal."""
    with pytest.raises(RuntimeFault, match="unknown signal SIGNOTHING"):
        signal_number("SIGNOTHING")


@pytest.mark.parametrize(("wanted", "lowest", "asked"), [(-997, -1000, -997), (-997, 0, None), (500, 0, 500)])
def test_an_oom_score_is_as_low_as_the_node_permits(wanted: int, lowest: int, asked: int | None) -> None:
    """The OCI runtime starts no container with a score that it may not give."""
    spec = ContainerSpec("c", "i", {}, limits=Limits(oom_score_adj=wanted))
    assert body(spec, Permits(frozenset(), lowest)).get("oom_score_adj") == asked
